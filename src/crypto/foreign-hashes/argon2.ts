import { verify } from '@node-rs/argon2';
import { type Form, MOST_MEMORY, malformed, tooExpensive } from './form.ts';

const ARGON2 =
  /^\$argon2(id|i|d)\$(?:v=(16|19)\$)?([mtp=,\d]{5,40})\$([A-Za-z0-9+/]{11,64})={0,2}\$([A-Za-z0-9+/]{16,86})={0,2}$/;
/** KiB times passes: about a second. */
const MOST_WORK = 2 * 1024 * 1024;
/** KiB times passes of the weakest set that OWASP allows. */
const LEAST_WORK = 7168 * 5;

/** RFC 9106 in all its variants. A string without version is of 1.0, as the first libraries wrote it. */
export const argon2: Form = (text) => {
  if (!text.startsWith('$argon2')) return undefined;
  const [, variant, version = '16', parameters = '', salt, hash] = ARGON2.exec(text) ?? [];
  const of = (name: string) => Number(new RegExp(`(?:^|,)${name}=(\\d{1,9})(?:,|$)`).exec(parameters)?.[1] ?? 0);
  const [memory, passes, lanes] = [of('m'), of('t'), of('p')];
  if (variant === undefined || memory < 8 * lanes || passes < 1 || lanes < 1)
    return malformed('an argon2 string is "$argon2id$v=19$m=…,t=…,p=…$salt$hash"');
  if (memory * 1024 > MOST_MEMORY) return tooExpensive('argon2 with more than 256 MiB');
  if (memory * passes > MOST_WORK || lanes > 64) return tooExpensive('argon2 with m × t past 2097152');
  const stored = `$argon2${variant}$v=${version}$m=${memory},t=${passes},p=${lanes}$${salt}$${hash}`;
  const isWeak = variant !== 'id' || memory * passes < LEAST_WORK;
  // The library throws on an empty secret, which can never be right.
  return {
    stored,
    form: `argon2${variant}`,
    isWeak,
    verify: async (secret) => secret !== '' && verify(stored, secret),
  };
};
