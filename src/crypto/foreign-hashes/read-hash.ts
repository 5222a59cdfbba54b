import { argon2 } from './argon2.ts';
import { bcrypt, djangoBcryptSha256, toDjangoBcryptSha256 } from './bcrypt.ts';
import type { Fault, Form, ReadHash } from './form.ts';
import { pbkdf2, toPbkdf2 } from './pbkdf2.ts';
import { formatPhc } from './phc.ts';
import { firebaseScrypt, scrypt } from './scrypt.ts';

/** Every form that a stored hash can have. */
const forms: readonly Form[] = [argon2, bcrypt, djangoBcryptSha256, scrypt, firebaseScrypt, pbkdf2];

/** How others write the same hashes: the one string that is stored for theirs, or undefined for what is not theirs. */
type Spelling = readonly [pattern: RegExp, toStored: (...groups: string[]) => string];

// biome-ignore format: a table reads as one
const spellings: readonly Spelling[] = [
  // passlib: rounds alone, "." for "+", SHA-1 unnamed
  [/^\$pbkdf2\$(\d{1,9})\$([\w./]+)\$([\w./]+)$/, (rounds, salt, hash) => toPbkdf2('sha1', Number(rounds), adapted(salt), adapted(hash))],
  [/^\$pbkdf2-(sha1|sha256|sha384|sha512)\$(\d{1,9})\$([\w./]+)\$([\w./]+)$/, (digest, rounds, salt, hash) => toPbkdf2(digest, Number(rounds), adapted(salt), adapted(hash))],
  // Django: the algorithm's own name first, the salt as it is
  [/^pbkdf2_(sha1|sha256)\$(\d{1,9})\$([^$]+)\$([A-Za-z0-9+/=]+)$/, (digest, iterations, salt, hash) => toPbkdf2(digest, Number(iterations), Buffer.from(salt), base64(hash))],
  [/^scrypt\$(\d{1,9})\$([^$]+)\$(\d{1,4})\$(\d{1,4})\$([A-Za-z0-9+/=]+)$/, (n, salt, r, p, hash) => toScrypt(Number(n), Number(r), Number(p), Buffer.from(salt), base64(hash))],
  [/^argon2(\$argon2.+)$/, (inner) => inner],
  [/^bcrypt\$(\$2.+)$/, (inner) => inner],
  [/^bcrypt_sha256\$(\$2.+)$/, toDjangoBcryptSha256],
];

const base64 = (text: string) => Buffer.from(text, 'base64');
const adapted = (text: string) => base64(text.replaceAll('.', '+'));

/** `n` that is no power of two makes a string that its form refuses. */
export function toScrypt(n: number, r: number, p: number, salt: Buffer, hash: Buffer): string {
  const ln = Math.log2(n);
  return formatPhc('scrypt', { ln: Number.isInteger(ln) ? ln : 0, r, p }, salt, hash);
}

/** The hash in this text, whoever wrote it, in the one form that is stored; or why it cannot be taken over. */
export function readHash(text: string): ReadHash | Fault {
  const spelled = spell(text);
  for (const form of forms) {
    const read = form(spelled);
    if (read) return 'fault' in read ? read : withoutNul(read);
  }
  return { fault: 'is of no known form: argon2, bcrypt, scrypt and PBKDF2 are, in PHC or crypt form' };
}

/** HMAC pads its key with NULs and bcrypt repeats it with one between: a secret with one could fit another's hash. */
function withoutNul(read: ReadHash): ReadHash {
  return { ...read, verify: async (secret) => (await read.verify(secret)) && !secret.includes('\0') };
}

function spell(text: string): string {
  for (const [pattern, toStored] of spellings) {
    const [found, ...groups] = pattern.exec(text) ?? [];
    if (found !== undefined) return toStored(...groups);
  }
  return text;
}
