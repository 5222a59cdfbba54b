import { hash, randomBytes } from 'node:crypto';

type Token = { plain: string; hash: Buffer };

/** A bearer secret of 256 random bits; only `hash` may be stored (ASVS 11.5.1, 6.5.2). */
export function newToken(prefix: string): Token {
  const plain = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { plain, hash: hashToken(plain) };
}

/** What stands in the database for a token. A fast hash is enough: there are 256 bits to guess. */
export function hashToken(plain: string): Buffer {
  return hash('sha256', plain, 'buffer');
}

/** The same as the database writes bytes: for what is looked up at every request, at a quarter of the cost. */
export function hashTokenAsText(plain: string): string {
  return `\\x${hash('sha256', plain, 'hex')}`;
}
