import { createCipheriv, scrypt as derive, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Form, MOST_MEMORY, malformed, tooExpensive } from './form.ts';
import { formatPhc, parsePhc } from './phc.ts';

const deriveKey = promisify<string, Buffer, number, object, Buffer>(derive);

/** Bytes times lanes: about two seconds. */
const MOST_WORK = 1024 * 1024 * 1024;
/** Bytes that all lanes begin with, which are made one by one and held at once. */
const MOST_LANES = 16 * 1024 * 1024;
/** N × r × p of the weakest set that OWASP allows. */
const LEAST_WORK = 2 ** 13 * 8 * 10;

/** Both forms differ only in what they do with the derived key. */
function scryptForm(
  id: string,
  lengths: readonly [number, number],
  finish: (key: Buffer, length: number) => Buffer,
): Form {
  return (text) => {
    if (!text.startsWith(`$${id}$`)) return undefined;
    const phc = parsePhc(text);
    const { ln = 0, r = 0, p = 0 } = phc?.parameters ?? {};
    if (!phc || ln < 1 || r < 1 || p < 1) return malformed(`a scrypt string is "$${id}$ln=…,r=…,p=…$salt$hash"`);
    const { salt, hash } = phc;
    if (hash.length < lengths[0] || hash.length > lengths[1]) return malformed('its hash has an unusual length');
    const memory = 128 * 2 ** ln * r;
    if (memory > MOST_MEMORY) return tooExpensive('scrypt with more than 256 MiB');
    if (memory * p > MOST_WORK) return tooExpensive('scrypt with N × r × p past 2^23');
    if (128 * r * p > MOST_LANES) return tooExpensive('scrypt with r × p past 2^17');
    const options = { N: 2 ** ln, r, p, maxmem: memory + 128 * r * (p + 2) + 1024 * 1024 };
    return {
      stored: formatPhc(id, { ln, r, p }, salt, hash),
      form: id,
      isWeak: 2 ** ln * r * p < LEAST_WORK,
      verify: async (secret) =>
        timingSafeEqual(finish(await deriveKey(secret, salt, Math.max(32, hash.length), options), hash.length), hash),
    };
  };
}

/** RFC 7914 in PHC form, as passlib and others write it. */
export const scrypt: Form = scryptForm('scrypt', [16, 128], (key, length) => key.subarray(0, length));

/**
 * Firebase's variant encrypts the project's signer key with the derived one. What is kept is that cipher's key stream,
 * so that the signer key itself need not be.
 */
export const firebaseScrypt: Form = scryptForm('firebase-scrypt', [32, 128], keyStream);

type FirebaseParts = { ln: number; r: number; salt: Buffer; separator: Buffer; hash: Buffer; signerKey: Buffer };

/** Throws nothing: parts that do not fit make a string that its form refuses. */
export function toFirebaseScrypt({ ln, r, salt, separator, hash, signerKey }: FirebaseParts): string {
  const length = hash.length === signerKey.length ? hash.length : 0;
  const stream = Buffer.from(hash.subarray(0, length).map((byte, place) => byte ^ (signerKey[place] as number)));
  return formatPhc('firebase-scrypt', { ln, r, p: 1 }, Buffer.concat([salt, separator]), stream);
}

function keyStream(key: Buffer, length: number): Buffer {
  return createCipheriv('aes-256-ctr', key.subarray(0, 32), Buffer.alloc(16)).update(Buffer.alloc(length));
}
