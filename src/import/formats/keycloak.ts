import { toPbkdf2 } from '../../crypto/foreign-hashes/pbkdf2.ts';
import { formatPhc } from '../../crypto/foreign-hashes/phc.ts';
import { toBase32 } from '../base32.ts';
import { LineFault } from '../fault.ts';
import type { Format } from './format.ts';
import {
  asMembers,
  base64In,
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

/** A member of `users` in what `kc.sh export` writes. */
export const keycloak: Format = (line) => {
  const user = asMembers(line);
  refuseShut(user['enabled'] === false, '/enabled');
  const email = textIn(user, 'email');
  const credentials = listIn(user, 'credentials');
  const attributes = objectIn(user, 'attributes') ?? {};
  return {
    email,
    emailConfirmed: isTrue(user, 'emailVerified'),
    username: usernameBeside(email, textIn(user, 'username')),
    locale: localeOf(firstOf(attributes, 'locale')),
    externalId: textIn(user, 'id'),
    createdAt: instantIn(user, 'createdTimestamp'),
    passwordHash: passwordIn(credentials),
    totp: totpIn(credentials),
  };
};

type Credential = { secret: Members; data: Members };

function credentialOf(credentials: Members[], type: string): Credential | undefined {
  const found = credentials.find((credential) => credential['type'] === type);
  return found && { secret: parse(found, 'secretData'), data: parse(found, 'credentialData') };
}

/** Both are JSON within JSON. */
function parse(credential: Members, name: string): Members {
  try {
    return asMembers(JSON.parse(textIn(credential, name) ?? ''));
  } catch {
    throw new LineFault('/credentials', `${name} is no JSON`);
  }
}

function passwordIn(credentials: Members[]): string | undefined {
  const credential = credentialOf(credentials, 'password');
  if (!credential) return undefined;
  const { secret, data } = credential;
  const algorithm = textIn(data, 'algorithm') ?? '';
  const [salt, hash, iterations] = [
    base64In(secret, 'salt'),
    base64In(secret, 'value'),
    numberIn(data, 'hashIterations'),
  ];
  const digest = /^pbkdf2(?:-(sha256|sha512))?$/.exec(algorithm);
  if (digest) return toPbkdf2(digest[1] ?? 'sha1', iterations, salt, hash);
  if (algorithm !== 'argon2') throw new LineFault('/credentials', `the algorithm "${algorithm}" is not known here`);
  const more = objectIn(data, 'additionalParameters') ?? {};
  const of = (name: string) => Number(firstOf(more, name) ?? 0);
  const version = firstOf(more, 'version') === '1.0' ? 16 : 19;
  const rest = formatPhc('x', { m: of('memory'), t: iterations, p: of('parallelism') }, salt, hash).slice('$x'.length);
  return `$argon2${firstOf(more, 'type') ?? 'id'}$v=${version}${rest}`;
}

/** An authenticator of the usual kind comes along: without it the account would be less safe than it was. */
function totpIn(credentials: Members[]): { secret: string } | undefined {
  const credential = credentialOf(credentials, 'otp');
  if (!credential) return undefined;
  const { secret, data } = credential;
  const { subType = 'totp', digits = 6, period = 30, algorithm = 'HmacSHA1' } = data;
  if (subType !== 'totp' || digits !== 6 || period !== 30 || algorithm !== 'HmacSHA1')
    throw new LineFault(
      '/credentials',
      'its authenticator is not of the kind known here: TOTP, SHA-1, 6 digits, 30 seconds',
    );
  const value = textIn(secret, 'value') ?? '';
  return { secret: textIn(data, 'secretEncoding') === 'BASE32' ? value : toBase32(Buffer.from(value)) };
}

function firstOf(members: Members, name: string): string | undefined {
  const value = members[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined || first === null ? undefined : String(first);
}
