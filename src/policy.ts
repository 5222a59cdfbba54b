import { parse } from 'yaml';
import { DAY, HOUR, MINUTE, SECOND } from './time.ts';

type Kind = 'count' | 'duration';
type Key = { kind: Kind; default: number; min: number; max: number; unit: string; source: string };

const count = (value: number, min: number, max: number, unit: string, source: string): Key => ({
  kind: 'count',
  default: value,
  min,
  max,
  unit,
  source,
});
const duration = (value: number, min: number, max: number, source: string): Key => ({
  kind: 'duration',
  default: value,
  min,
  max,
  unit: 'duration',
  source,
});

/** Every key an operator can set, with its default and the limits past which the service refuses to start. */
// biome-ignore format: a table reads as one
export const policyKeys = {
  'passwords.minLength': count(15, 8, 64, 'code points', 'NIST 800-63B-4 3.1.1.2'),
  'passwords.maxLength': count(256, 64, 1024, 'code points', 'NIST 800-63B-4 3.1.1.2, ASVS 6.2.9'),
  'lockout.maxFailures': count(5, 1, 5, 'failures', 'PSD2 RTS 4(3)(b)'),
  'lockout.first': duration(15 * MINUTE, MINUTE, DAY, 'device cookies, NIST 800-63B-4 3.2.2'),
  'lockout.growth': count(2, 1, 10, 'times', 'NIST 800-63B-4 3.2.2'),
  'lockout.cap': duration(DAY, 15 * MINUTE, 7 * DAY, 'NIST 800-63B-4 3.2.2'),
  'lockout.disableAt': count(100, 10, 100, 'consecutive failures', 'NIST 800-63B-4 3.2.2'),
  'limits.signInPerIp': count(30, 1, 100_000, 'per minute', 'ASVS 6.3.1'),
  'limits.resetPerIp': count(10, 1, 100_000, 'per minute', 'ASVS 2.4.1'),
  'limits.signUpPerIp': count(10, 1, 100_000, 'per minute', 'ASVS 2.4.1'),
  'limits.otherPerIp': count(300, 10, 1_000_000, 'per minute', 'ASVS 2.4.1'),
  'limits.resetMailPerAccount': count(3, 1, 100, 'per hour', 'OWASP forgot password'),
  'limits.mailPerRecipient': count(10, 1, 1000, 'per 10 minutes', 'OWASP forgot password'),
  'signUp.ttl': duration(24 * HOUR, HOUR, 24 * HOUR, 'NIST 800-63B-4 4.2.1.2'),
  'reset.ttl': duration(30 * MINUTE, 5 * MINUTE, 24 * HOUR, 'NIST 800-63B-4 4.2.1.2, ASVS 6.5.5'),
  'reset.attempts': count(5, 1, 10, 'wrong codes', 'ASVS 6.6.3'),
  'challenge.ttl': duration(10 * MINUTE, MINUTE, 10 * MINUTE, 'NIST 800-63B-4 3.1.3.2'),
  'totp.attemptsPerChallenge': count(5, 1, 5, 'wrong codes', 'PSD2 RTS 4(3)(b)'),
  'totp.maxFailures': count(10, 1, 10, 'failures', 'NIST 800-63B-4 3.2.2'),
  'totp.first': duration(15 * MINUTE, MINUTE, DAY, 'NIST 800-63B-4 3.2.2'),
  'access.ttl': duration(5 * MINUTE, 10 * SECOND, 5 * MINUTE, 'ASVS 7.4.1'),
  'session.idle': duration(HOUR, 5 * MINUTE, HOUR, 'NIST 800-63B-4 2.2.3'),
  'session.absolute': duration(12 * HOUR, 5 * MINUTE, 24 * HOUR, 'NIST 800-63B-4 2.2.3'),
  'session.fresh': duration(15 * MINUTE, MINUTE, HOUR, 'ASVS 7.5.1'),
  'agents.idle': duration(15 * MINUTE, MINUTE, 15 * MINUTE, 'NIST 800-63B-4 2.3.3'),
  'agents.absolute': duration(12 * HOUR, 5 * MINUTE, 12 * HOUR, 'NIST 800-63B-4 2.3.3'),
  'devices.perAccount': count(20, 1, 20, 'devices', 'device cookies'),
  'cooldown.afterPasswordOrFactorChange': duration(DAY, HOUR, 30 * DAY, "exchanges' practice"),
  'freezeLink.ttl': duration(14 * DAY, DAY, 30 * DAY, 'field practice'),
  'caseAccess.ttl': duration(15 * MINUTE, MINUTE, 15 * MINUTE, 'ASVS 7.4.1'),
  'sla.urgent': duration(HOUR, 5 * MINUTE, DAY, 'product promise'),
  'sla.other': duration(DAY, HOUR, 7 * DAY, 'product promise'),
} as const satisfies Record<string, Key>;

/** The policy in force: counts as numbers, durations in milliseconds. */
export type Policy = { readonly [name in keyof typeof policyKeys]: number };

export class PolicyError extends Error {}

/** Reads an operator's YAML over the defaults. Throws PolicyError naming the key that is unknown, malformed or past its limit. */
export function readPolicy(yaml: string): Policy {
  const overrides = flatten(parse(yaml) ?? {}, '');
  const known: Record<string, Key> = policyKeys;
  const policy = Object.fromEntries(Object.entries(known).map(([name, key]) => [name, key.default]));
  for (const [name, value] of overrides) {
    const key = known[name];
    if (!key) throw new PolicyError(`policy: there is no key "${name}"`);
    policy[name] = readValue(name, key, value);
  }
  return policy as Policy;
}

export const defaultPolicy: Policy = readPolicy('');

function flatten(value: unknown, prefix: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (prefix === '') throw new PolicyError('policy: the file must hold keys and values');
    return [[prefix, value]];
  }
  return Object.entries(value).flatMap(([name, inner]) => flatten(inner, prefix ? `${prefix}.${name}` : name));
}

function readValue(name: string, key: Key, value: unknown): number {
  const number = key.kind === 'duration' ? readDuration(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) {
    const wanted = key.kind === 'duration' ? 'a duration such as "30 min" or "12 h"' : 'a whole number';
    throw new PolicyError(`policy: "${name}" must be ${wanted}, not ${JSON.stringify(value)}`);
  }
  if (number < key.min || number > key.max) {
    const [min, max] = [key.min, key.max].map((limit) => showValue(key.kind, limit));
    throw new PolicyError(
      `policy: "${name}" must be between ${min} and ${max} (${key.source}), not ${JSON.stringify(value)}`,
    );
  }
  return number;
}

const units: Record<string, number> = { s: SECOND, min: MINUTE, h: HOUR, d: DAY };

function readDuration(value: unknown): number | undefined {
  const [, amount, unit] = /^(\d{1,6}) ?(s|min|h|d)$/.exec(String(value)) ?? [];
  return amount === undefined || unit === undefined ? undefined : Number(amount) * (units[unit] ?? Number.NaN);
}

/** A value as an operator would write it: `15`, `30 min`, `12 h`. */
export function showValue(kind: Kind, value: number): string {
  if (kind === 'count') return String(value);
  const [unit, size] = Object.entries(units).findLast(([, size]) => value % size === 0) ?? ['s', SECOND];
  return `${value / size} ${unit}`;
}
