import { parse } from 'yaml';
import { minutesOf } from './calendar/written.ts';
import { type Policy, type PolicyKey, policyKeys } from './policy.ts';
import { DAY, HOUR, MINUTE, SECOND } from './time.ts';

export class PolicyError extends Error {}

const units = { s: SECOND, min: MINUTE, h: HOUR, d: DAY };
const DURATION = /^(\d{1,9}) ?(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)$/;

/**
 * Reads an operator's YAML over the defaults of its profile, wherever in the file that is named. Throws PolicyError naming
 * the key that is unknown, malformed, set twice or past its limit.
 */
export function readPolicy(yaml: string): Policy {
  const known: Record<string, PolicyKey> = policyKeys;
  const own: Record<string, string | number> = {};
  for (const [name, value] of flatten(parseYaml(yaml) ?? {}, '')) {
    // A plain look-up would find `constructor` and `__proto__` too.
    const key = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!key) throw new PolicyError(`policy: there is no key "${name}"`);
    if (Object.hasOwn(own, name)) throw new PolicyError(`policy: "${name}" is set twice`);
    own[name] = readValue(name, key, value);
  }
  const isPsd2 = own['profile'] === 'psd2';
  const defaults = Object.entries(known).map(([name, key]) => [name, (isPsd2 ? key.psd2 : undefined) ?? key.default]);
  const policy = { ...Object.fromEntries(defaults), ...own } as Policy;
  if (minutesOf(policy['hours.open']) < minutesOf(policy['hours.close'])) return policy;
  throw new PolicyError('policy: "hours.close" must be later than "hours.open"');
}

function readValue(name: string, key: PolicyKey, value: unknown): string | number {
  if (key.kind === 'choice') return readChoice(name, key, value);
  return key.kind === 'text' ? readText(name, key, value) : readNumber(name, key, value);
}

function parseYaml(yaml: string): unknown {
  try {
    return parse(yaml);
  } catch (error) {
    throw new PolicyError(`policy: not YAML: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
  }
}

function flatten(value: unknown, prefix: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (prefix === '') throw new PolicyError('policy: the file must hold keys and values');
    return [[prefix, value]];
  }
  return Object.entries(value).flatMap(([name, inner]) => flatten(inner, prefix ? `${prefix}.${name}` : name));
}

function readChoice(name: string, key: PolicyKey & { kind: 'choice' }, value: unknown): string {
  // Where the options are `true` and `false`, YAML has read them as such.
  const option = typeof value === 'boolean' ? String(value) : value;
  if (typeof option === 'string' && key.options.includes(option)) return option;
  throw new PolicyError(
    `policy: "${name}" must be one of ${key.options.join(' | ')} (${key.source}), not ${JSON.stringify(value)}`,
  );
}

/** What may be several words may be written as a list of them too. */
function readText(name: string, key: PolicyKey & { kind: 'text' }, value: unknown): string {
  const words = Array.isArray(value) ? value : [value];
  const written = words.join(' ');
  if (words.every((word) => typeof word === 'string') && key.isValid(written)) return written;
  throw new PolicyError(`policy: "${name}" must be ${key.form} (${key.source}), not ${JSON.stringify(value)}`);
}

function readNumber(name: string, key: Exclude<PolicyKey, { kind: 'choice' | 'text' }>, value: unknown): number {
  const number = key.kind === 'duration' ? readDuration(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) {
    const wanted = key.kind === 'duration' ? 'a duration such as "30 min" or "12 h", or seconds' : 'a whole number';
    throw new PolicyError(`policy: "${name}" must be ${wanted}, not ${JSON.stringify(value)}`);
  }
  if (number >= key.min && number <= key.max) return number;
  const limits = `between ${showValue(key, key.min)} and ${showValue(key, key.max)}`;
  throw new PolicyError(`policy: "${name}" must be ${limits} (${key.source}), not ${JSON.stringify(value)}`);
}

/** Milliseconds; a bare number means seconds. */
function readDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value * SECOND : undefined;
  const [, amount, unit] = DURATION.exec(String(value)) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const size = { s: units.s, m: units.min, h: units.h, d: units.d }[unit.charAt(0)];
  return size === undefined ? undefined : Number(amount) * size;
}

/** A value as an operator would write it: `15`, `30 min`, `12 h`. */
export function showValue(key: PolicyKey, value: number | string): string {
  if (key.kind !== 'duration' || typeof value === 'string') return String(value);
  if (value === 0) return '0 s';
  const [unit, size] = Object.entries(units).findLast(([, size]) => value % size === 0) ?? ['s', SECOND];
  return `${value / size} ${unit}`;
}
