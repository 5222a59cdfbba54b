import { describe, expect, it } from 'vitest';
import { type Counter, countFailure, judge, type Limit } from '../src/lockout/rules.ts';

const MINUTE = 60_000;
const limit: Limit = { maxFailures: 5, first: 15 * MINUTE, growth: 2, cap: 24 * 60 * MINUTE };
const now = new Date('2026-03-01T12:00:00Z');
const later = (ms: number) => new Date(now.getTime() + ms);
const counter = (part: Partial<Counter> = {}): Counter => ({
  failures: 0,
  in_flight: [],
  locks: 0,
  blocked_until: null,
  ...part,
});

describe('a finished failure', () => {
  it.each([
    [0, 15],
    [1, 30],
    [2, 60],
    [3, 120],
    [4, 240],
    [5, 480],
    [6, 960],
    [7, 1440],
    [8, 1440],
    [40, 1440],
  ])('after %i earlier locks the fifth locks for %i minutes (K5)', (locks, minutes) => {
    const full = counter({ failures: 4, in_flight: [now], locks });
    const { next, judgement } = countFailure(full, limit, now, now);
    expect(judgement).toEqual({ verdict: 'locked', until: later(minutes * MINUTE), isNew: true });
    expect(next).toEqual({ failures: 0, in_flight: [], locks: locks + 1, blocked_until: later(minutes * MINUTE) });
  });

  it.each([0, 1, 2, 3])('after %i others does not lock (DC-5)', (failures) => {
    const { next, judgement } = countFailure(counter({ failures, in_flight: [now, now] }), limit, now, now);
    expect(judgement).toEqual({ verdict: 'open' });
    expect(next).toMatchObject({ failures: failures + 1, in_flight: [now] });
  });

  it('is counted once: not when its place is gone already', () => {
    const before = counter({ failures: 4, in_flight: [later(-1)] });
    expect(countFailure(before, limit, now, now)).toEqual({ next: before, judgement: { verdict: 'open' } });
  });
});

describe('a counter that gives no place', () => {
  it.each<[string, Counter, object]>([
    ['is locked until then', counter({ blocked_until: later(1) }), { verdict: 'locked', isNew: false }],
    ['is open at that very instant', counter({ blocked_until: now }), { verdict: 'open' }],
    ['is busy while all its places are taken', counter({ in_flight: Array(5).fill(now) }), { verdict: 'busy' }],
    ['is busy with failures and places together', counter({ failures: 3, in_flight: [now, now] }), { verdict: 'busy' }],
    ['is open with a place left', counter({ failures: 3, in_flight: [now] }), { verdict: 'open' }],
    [
      'is busy while a place may still finish',
      counter({ in_flight: Array(5).fill(later(-29_999)) }),
      { verdict: 'busy' },
    ],
    [
      'is locked by places that were lost',
      counter({ in_flight: Array(5).fill(later(-30_000)) }),
      { verdict: 'locked', isNew: true },
    ],
    [
      'counts lost places with failures',
      counter({ failures: 4, in_flight: [later(-30_000)] }),
      { verdict: 'locked', isNew: true },
    ],
    ['keeps lost places as failures', counter({ failures: 1, in_flight: [later(-60_000), now] }), { verdict: 'open' }],
  ])('%s', (_name, before, verdict) => {
    expect(judge(before, limit, now).judgement).toMatchObject(verdict);
  });

  it('turns lost places into failures and keeps the others', () => {
    const before = counter({ failures: 1, in_flight: [later(-60_000), now] });
    expect(judge(before, limit, now).next).toEqual(counter({ failures: 2, in_flight: [now] }));
  });
});
