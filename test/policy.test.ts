import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';
import { type PolicyKey, policyKeys } from '../src/policy.ts';
import { readPolicy } from '../src/policy-file.ts';

const keys = Object.entries(policyKeys) as [keyof typeof policyKeys, PolicyKey][];
const ranges = keys.flatMap(([name, key]) =>
  key.kind === 'choice' || key.kind === 'text' ? [] : [[name, key] as const],
);
const texts = keys.flatMap(([name, key]) => (key.kind === 'text' ? [[name, key] as const] : []));
const choices = keys.flatMap(([name, key]) => (key.kind === 'choice' ? [[name, key] as const] : []));

/** The value as YAML: durations in seconds. */
const written = (key: PolicyKey, value: number) => (key.kind === 'duration' ? `${value / 1000} s` : String(value));
function yamlOf(name: string, value: string): string {
  const [section, key] = name.split('.');
  return key === undefined ? `${section}: ${value}\n` : `${section}:\n  ${key}: ${value}\n`;
}

describe('the limits', () => {
  it.each(ranges)('%s takes its default and both its ends', (name, key) => {
    expect(key.min).toBeLessThanOrEqual(key.default);
    expect(key.default).toBeLessThanOrEqual(key.max);
    expect(readPolicy('')[name]).toBe(key.default);
    for (const value of [key.min, key.max]) {
      expect(readPolicy(yamlOf(name, written(key, value)))[name]).toBe(value);
    }
  });

  it.each(ranges)('%s stops the start past either end, and by name', (name, key) => {
    const step = key.kind === 'duration' ? 1_000 : 1;
    for (const value of [key.min - step, key.max + step, Math.min(0, key.min - step), -1]) {
      expect(() => readPolicy(yamlOf(name, written(key, value))), `${value}`).toThrow(`"${name}"`);
    }
  });

  it.each(ranges)('%s takes nothing but its kind', (name) => {
    for (const value of ['soon', '1.5', 'true', '[5]', '""', '.inf', '1e400', '"5 weeks"', '~']) {
      expect(() => readPolicy(yamlOf(name, value)), value).toThrow(`"${name}"`);
    }
  });

  it.each(choices)('%s takes its options and nothing else', (name, key) => {
    for (const option of key.options) expect(readPolicy(yamlOf(name, `"${option}"`))[name]).toBe(option);
    expect(() => readPolicy(yamlOf(name, 'anything'))).toThrow(`"${name}"`);
  });

  it.each(texts)('%s takes its default, and nothing but its form', (name, key) => {
    expect(readPolicy(yamlOf(name, `"${key.default}"`))[name]).toBe(key.default);
    for (const value of ['soon', '5', '~', '[5]', '"25:00"', '"02-30"', 'Mars/Olympus']) {
      expect(() => readPolicy(yamlOf(name, value)), value).toThrow(`"${name}"`);
    }
  });

  it('hours.* are words or lists of them, and a day ends after it begins', () => {
    const read = (yaml: string) => readPolicy(`hours:\n${yaml}`);
    expect(read('  days: [mon, tue]')['hours.days']).toBe('mon tue');
    expect(read('  holidays:\n    - 2026-05-25\n    - 12-25')['hours.holidays']).toBe('2026-05-25 12-25');
    expect(read('  zone: Europe/Berlin\n  open: 09:00\n  close: 17:30')['hours.close']).toBe('17:30');
    expect(() => read('  open: 09:00\n  close: 09:00')).toThrow('"hours.close"');
    expect(() => read('  days: mon mon')).toThrow('"hours.days"');
    expect(() => read('  days: []')).toThrow('"hours.days"');
  });

  // The caps that standards set: an edit of the table past them must not pass unseen.
  it.each([
    ['passwords.minLength', 'min', 8],
    ['passwords.maxLength', 'min', 64],
    ['lockout.maxFailures', 'max', 5],
    ['lockout.disableAt', 'max', 100],
    ['totp.attemptsPerChallenge', 'max', 5],
    ['totp.maxFailures', 'max', 10],
    ['reset.ttl', 'max', 86_400_000],
    ['access.ttl', 'max', 300_000],
    ['session.idle', 'max', 3_600_000],
    ['session.absolute', 'max', 86_400_000],
    ['agents.idle', 'max', 900_000],
    ['agents.absolute', 'max', 43_200_000],
    ['devices.perAccount', 'max', 20],
    ['challenge.ttl', 'max', 600_000],
  ] as const)('V2.3.2 %s has the hard limit of its standard: %s %i', (name, end, value) => {
    expect(policyKeys[name][end]).toBe(value);
  });

  it.each([
    ['passwords.minLength', 15],
    ['passwords.maxLength', 256],
    ['lockout.maxFailures', 5],
    ['lockout.first', 900_000],
    ['lockout.growth', 2],
    ['lockout.cap', 86_400_000],
    ['lockout.disableAt', 100],
    ['limits.signInPerIp', 30],
    ['limits.resetPerIp', 10],
    ['limits.signUpPerIp', 10],
    ['limits.otherPerIp', 300],
    ['reset.ttl', 1_800_000],
    ['access.ttl', 300_000],
    ['session.idle', 3_600_000],
    ['session.absolute', 43_200_000],
    ['agents.idle', 900_000],
    ['cooldown.afterPasswordOrFactorChange', 86_400_000],
    ['freezeLink.ttl', 1_209_600_000],
  ] as const)('%s is %i unless set', (name, value) => {
    expect(readPolicy('')[name]).toBe(value);
  });
});

describe('a policy file', () => {
  it.each([
    'nothing: 1',
    'lockout:\n  maxFailure: 4',
    'lockout: 4',
    'lockout:\n  maxFailures:\n    deep: 1',
    'lockout:',
  ])('with a key that does not exist stops the start: %j', (yaml) => {
    expect(() => readPolicy(yaml)).toThrow(/there is no key "/);
  });

  it.each(['constructor', 'toString', '__proto__'])('does not take %s for a key', (name) => {
    expect(() => readPolicy(`${name}: 5`)).toThrow(`"${name}"`);
  });

  it.each(['- 5', '5', 'lockout: [', 'a: 1\na: 2'])('that is no mapping stops the start: %j', (yaml) => {
    expect(() => readPolicy(yaml)).toThrow(/policy/);
  });

  it('reads durations as people write them', () => {
    for (const value of ['20 min', '20min', '1200 s', '1200']) {
      expect(readPolicy(`lockout:\n  first: ${value}`)['lockout.first'], value).toBe(1_200_000);
    }
    expect(readPolicy('reset:\n  ttl: 2 h')['reset.ttl']).toBe(7_200_000);
    expect(readPolicy('freezeLink:\n  ttl: 3 d')['freezeLink.ttl']).toBe(259_200_000);
  });

  it('takes a key written whole, as those must be that stand beside their section', () => {
    const policy = readPolicy('secondFactor: required\nsecondFactor.secrecy: hidden\nreset.ttl: 20 min');
    expect(policy).toMatchObject({
      secondFactor: 'required',
      'secondFactor.secrecy': 'hidden',
      'reset.ttl': 1_200_000,
    });
  });

  it('that sets a key twice stops the start, by name', () => {
    expect(() => readPolicy('reset.ttl: 20 min\nreset:\n  ttl: 10 min')).toThrow('"reset.ttl" is set twice');
  });

  it('changes only what it names', () => {
    const { 'lockout.maxFailures': failures, ...rest } = readPolicy('lockout:\n  maxFailures: 3');
    const { 'lockout.maxFailures': _default, ...defaults } = readPolicy('');
    expect(failures).toBe(3);
    expect(rest).toEqual(defaults);
  });
});

describe('a profile', () => {
  const flipped = keys.flatMap(([name, key]) => (key.psd2 === undefined ? [] : [[name, key] as const]));

  it('is standard unless named, and has no value of another kind', () => {
    expect(readPolicy('').profile).toBe('standard');
    expect(readPolicy('profile: standard')).toEqual(readPolicy(''));
    for (const value of ['psd3', 'PSD2', '2', '~', '[psd2]']) {
      expect(() => readPolicy(`profile: ${value}`), value).toThrow('"profile" must be one of standard | psd2');
    }
  });

  it('PS-4.3a PS-4.3b PS-4.3d psd2 flips the defaults that PSD2 asks for, and no others', () => {
    const { profile, ...changed } = Object.fromEntries(
      Object.entries(readPolicy('profile: psd2')).filter(
        ([name, value]) => readPolicy('')[name as 'profile'] !== value,
      ),
    );
    expect(profile).toBe('psd2');
    expect(changed).toEqual(Object.fromEntries(flipped.map(([name, key]) => [name, key.psd2])));
    expect(changed).toMatchObject({
      secondFactor: 'required',
      'secondFactor.secrecy': 'hidden',
      'lockout.counters': 'shared',
      'reset.ttl': 600_000,
      'session.sensitiveIdle': 300_000,
      'transactions.grant': 'required',
    });
  });

  it.each(flipped)('%s has a default under psd2 within its own limits', (name, key) => {
    if (key.kind === 'choice') expect(key.options).toContain(key.psd2);
    else if (key.kind === 'text') expect(key.isValid(key.psd2 ?? '')).toBe(true);
    else expect(key.psd2).toBeGreaterThanOrEqual(key.min);
    if ('max' in key) expect(key.psd2).toBeLessThanOrEqual(key.max);
    expect(key.psd2, name).not.toBe(key.default);
  });

  it('gives way to what is set beside it, before or after', () => {
    for (const yaml of ['profile: psd2\nreset.ttl: 20 min', 'reset.ttl: 20 min\nprofile: psd2']) {
      expect(readPolicy(yaml)).toMatchObject({ 'reset.ttl': 1_200_000, secondFactor: 'required' });
    }
    expect(readPolicy('profile: psd2\nsecondFactor: optional').secondFactor).toBe('optional');
    expect(() => readPolicy('profile: psd2\nlockout.maxFailures: 6')).toThrow(
      /"lockout\.maxFailures".*between 1 and 5/,
    );
  });
});

describe('HOLDFAST_POLICY', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-policy-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('names the file whose keys are in force, or stops the start with the key’s name', () => {
    const path = join(folder, 'policy.yaml');
    writeFileSync(path, 'limits:\n  signInPerIp: 100\n');
    expect(readConfig({ HOLDFAST_POLICY: path }).policy['limits.signInPerIp']).toBe(100);
    writeFileSync(path, 'lockout:\n  maxFailures: 6\n');
    expect(() => readConfig({ HOLDFAST_POLICY: path })).toThrow(ConfigError);
    expect(() => readConfig({ HOLDFAST_POLICY: path })).toThrow(
      /HOLDFAST_POLICY: .*"lockout\.maxFailures".*between 1 and 5/,
    );
  });
});
