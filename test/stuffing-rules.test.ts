import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidence, judge, normalShare } from '../src/stuffing/rules.ts';

const none = { failed: 0, open: 0, succeeded: 0 };
const calm = { address: none, password: none, service: none };
const failing = (failed: number, succeeded = 0, open = 0) => ({ failed, open, succeeded });

describe('what strangers are asked while somebody guesses across accounts', () => {
  // biome-ignore format: a table reads as one
  const table = [
    ['nothing has happened',                         calm,                                  'none',   []],
    ['one address, three identifiers',               { ...calm, address: failing(3) },      'none',   []],
    ['one address, four identifiers',                { ...calm, address: failing(4) },      'work',   ['address']],
    ['one address, six identifiers',                 { ...calm, address: failing(6) },      'factor', ['address']],
    ['one address, twenty identifiers',              { ...calm, address: failing(20) },     'block',  ['address']],
    ['a shared address with as many successes',      { ...calm, address: failing(20, 50) }, 'none',   []],
    ['one password on four accounts',                { ...calm, password: failing(4) },     'work',   ['password']],
    ['one password on twenty accounts',              { ...calm, password: failing(20) },    'block',  ['password']],
    ['ten failures in the whole service',            { ...calm, service: failing(10) },     'none',   []],
    ['twelve failures and nothing else',             { ...calm, service: failing(12) },     'work',   ['service']],
    ['sixteen failures and nothing else',            { ...calm, service: failing(16) },     'factor', ['service']],
    ['a thousand failures: never a block for all',   { ...calm, service: failing(1000) },   'factor', ['service']],
    ['an opening day: many at once, none done yet',  { ...calm, service: failing(0, 0, 400) }, 'work', ['service']],
    ['an office at nine, none done yet',             { ...calm, address: failing(0, 0, 40) }, 'work',  ['address']],
    ['an attack hidden among people under way',      { ...calm, service: failing(16, 0, 40) }, 'factor', ['service']],
    ['a busy hour of honest people',                 { ...calm, service: failing(120, 280) }, 'none', []],
    ['a busy hour with an attack in it',             { ...calm, service: failing(200, 200) }, 'factor', ['service']],
  ] as const;
  it.each(table)('%s', (_, sighting, step, causes) => {
    expect(judge(sighting, 0.3)).toMatchObject({ step, causes });
  });

  it('holds what is seen against what is normal here', () => {
    const busy = { ...calm, service: failing(200, 200) };
    expect(judge(busy, normalShare(failing(5000, 5000))).step).toBe('none');
    expect(judge(busy, normalShare(failing(1000, 9000))).step).toBe('factor');
  });

  it('never finds evidence where no more fail than normal, and more of it with every failure', () => {
    const outcomes = fc.record({ failed: fc.nat(400), succeeded: fc.nat(400) });
    fc.assert(
      fc.property(outcomes, fc.double({ min: 0.05, max: 0.6, noNaN: true }), (seen, normal) => {
        const found = evidence(seen, normal);
        expect(found).toBeGreaterThanOrEqual(-1e-9);
        if (seen.failed <= normal * (seen.failed + seen.succeeded)) expect(found).toBe(0);
        expect(evidence({ ...seen, failed: seen.failed + 1 }, normal)).toBeGreaterThanOrEqual(found - 1e-9);
      }),
    );
  });
});
