import { toScrypt } from '../../crypto/foreign-hashes/read-hash.ts';
import { LineFault } from '../fault.ts';
import type { Format } from './format.ts';
import {
  asMembers,
  instantIn,
  isTrue,
  listIn,
  localeOf,
  type Members,
  numberIn,
  objectIn,
  refuseShut,
  textIn,
  usernameBeside,
} from './members.ts';

/** A line of Auth0's export with password hashes, or a user in the form of its own bulk imports. */
export const auth0: Format = (line) => {
  const user = asMembers(line);
  refuseShut(isTrue(user, 'blocked'), '/blocked');
  const email = textIn(user, 'email');
  const id = textIn(objectIn(user, '_id') ?? {}, '$oid');
  const secret = textIn(
    objectIn(listIn(user, 'mfa_factors').find((factor) => factor['totp']) ?? {}, 'totp') ?? {},
    'secret',
  );
  return {
    email,
    emailConfirmed: isTrue(user, 'email_verified'),
    username: usernameBeside(email, textIn(user, 'username')),
    phone: textIn(user, 'phone_number'),
    phoneConfirmed: isTrue(user, 'phone_verified'),
    locale: localeOf(textIn(user, 'locale')),
    externalId: textIn(user, 'user_id') ?? (id === undefined ? undefined : `auth0|${id}`),
    createdAt: instantIn(user, 'created_at'),
    passwordHash: textIn(user, 'passwordHash') ?? textIn(user, 'password_hash') ?? customHash(user),
    totp: secret === undefined ? undefined : { secret },
  };
};

const FIELD = '/custom_password_hash';

function customHash(user: Members): string | undefined {
  const custom = objectIn(user, 'custom_password_hash');
  if (!custom) return undefined;
  const algorithm = textIn(custom, 'algorithm');
  const encoding = textIn(objectIn(custom, 'password') ?? {}, 'encoding') ?? 'utf8';
  if (!['utf8', 'utf-8'].includes(encoding))
    throw new LineFault(FIELD, `passwords encoded as ${encoding} are not known here`);
  const hash = objectIn(custom, 'hash') ?? {};
  if (algorithm === 'argon2' || algorithm === 'bcrypt' || algorithm === 'pbkdf2') return textIn(hash, 'value');
  if (algorithm !== 'scrypt')
    throw new LineFault(
      FIELD,
      `"${algorithm}" is too fast to be kept; leave it out, and the owner sets a new password`,
    );
  const [n, r, p] = [
    numberIn(custom, 'cost') || 16384,
    numberIn(custom, 'blockSize') || 8,
    numberIn(custom, 'parallelization') || 1,
  ];
  return toScrypt(n, r, p, bytesOf(objectIn(custom, 'salt') ?? {}), bytesOf(hash));
}

function bytesOf(value: Members): Buffer {
  const encoding = textIn(value, 'encoding') ?? 'utf8';
  if (encoding !== 'hex' && encoding !== 'base64' && encoding !== 'utf8')
    throw new LineFault(FIELD, `the encoding ${encoding} is not known here`);
  return Buffer.from(textIn(value, 'value') ?? '', encoding);
}
