import { createHash } from 'node:crypto';
import { verify } from '@node-rs/bcrypt';
import { type Form, malformed, type ReadHash, tooExpensive } from './form.ts';

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const DJANGO = '$django-bcrypt-sha256';
const MOST_COST = 15;
const LEAST_COST = 10;

/**
 * bcrypt as everybody writes it. It sees 72 bytes and no more: whoever made the hash cut longer passwords there, so that is
 * how they are checked, until the upgrade that follows the first right one.
 */
export const bcrypt: Form = (text) => {
  if (!text.startsWith('$2')) return undefined;
  const cost = Number(BCRYPT.exec(text)?.[1] ?? -1);
  if (cost < 4) return malformed('a bcrypt string is "$2b$", a cost from 04, "$" and 53 characters');
  if (cost > MOST_COST) return tooExpensive(`bcrypt with a cost past ${MOST_COST}`);
  return read(text, 'bcrypt', cost, (secret) => secret);
};

/** Django's BCryptSHA256PasswordHasher: bcrypt over the hexadecimal SHA-256, so that no password is cut. */
export const djangoBcryptSha256: Form = (text) => {
  if (!text.startsWith(`${DJANGO}$`)) return undefined;
  const inner = bcrypt(text.slice(DJANGO.length));
  if (!inner || 'fault' in inner) return inner ?? malformed('there is no bcrypt string in it');
  const cost = Number(inner.stored.slice(4, 6));
  return read(text, 'django-bcrypt-sha256', cost, (secret) => createHash('sha256').update(secret).digest('hex'));
};

export const toDjangoBcryptSha256 = (inner: string) => `${DJANGO}${inner}`;

function read(stored: string, form: string, cost: number, prepare: (secret: string) => string): ReadHash {
  const encoded = stored.slice(stored.indexOf('$2'));
  return {
    stored,
    form,
    isWeak: cost < LEAST_COST,
    verify: (secret) => verify(prepare(secret), encoded),
  };
}
