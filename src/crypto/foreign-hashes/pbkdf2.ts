import { pbkdf2 as derive, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Form, malformed, tooExpensive } from './form.ts';
import { formatPhc, parsePhc } from './phc.ts';

const deriveKey = promisify(derive);
const MOST_BYTES = 128;
/** Iterations times blocks of the hash: about three seconds. */
const most = { sha1: 10_000_000, sha256: 10_000_000, sha384: 2_500_000, sha512: 2_500_000 } as const;
const blockBytes = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;

/** What OWASP asks for today, by digest. */
const least = { sha1: 1_400_000, sha256: 600_000, sha384: 300_000, sha512: 210_000 } as const;
type Digest = keyof typeof least;

/** RFC 8018 5.2: `$pbkdf2-sha256$i=600000,l=32$salt$hash`. */
export const pbkdf2: Form = (text) => {
  const digest = /^\$pbkdf2-(sha1|sha256|sha384|sha512)\$/.exec(text)?.[1] as Digest | undefined;
  if (!digest) return undefined;
  const phc = parsePhc(text);
  const { i = 0, l } = phc?.parameters ?? {};
  if (!phc || i < 1) return malformed(`a PBKDF2 string is "$pbkdf2-${digest}$i=…,l=…$salt$hash"`);
  const { salt, hash } = phc;
  if (hash.length < 16 || hash.length > MOST_BYTES || (l !== undefined && l !== hash.length))
    return malformed('its hash has an unusual length');
  const blocks = Math.ceil(hash.length / blockBytes[digest]);
  if (i * blocks > most[digest])
    return tooExpensive(`PBKDF2 with ${digest} and more than ${most[digest]} iterations in all blocks`);
  return {
    stored: toPbkdf2(digest, i, salt, hash),
    form: `pbkdf2-${digest}`,
    isWeak: i < least[digest],
    verify: async (secret) => timingSafeEqual(await deriveKey(secret, salt, i, hash.length, digest), hash),
  };
};

export function toPbkdf2(digest: string, iterations: number, salt: Buffer, hash: Buffer): string {
  return formatPhc(`pbkdf2-${digest}`, { i: iterations, l: hash.length }, salt, hash);
}
