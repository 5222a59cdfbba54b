import { expect } from 'vitest';
import { newId } from '../../src/crypto/ids.ts';
import { type Authenticator, type AuthenticatorOptions, type Misbehaviour, newAuthenticator } from './authenticator.ts';
import { type Answer, type Harness, newOwner, type Owner } from './harness.ts';
import { newSignedIn, type SignedIn } from './seed.ts';

/** Where the pages are that passkeys of this service are made on. */
export const originOf = (h: Harness) => new URL(h.instance.ctx.config.publicUrl).origin;

/** Asks for a passkey and makes it; `proof` where a factor is bound already. */
export async function register(
  h: Harness,
  token: string,
  authenticator: Authenticator,
  { proof = {}, ...more }: { proof?: object; wrong?: Misbehaviour; name?: string } = {},
): Promise<Answer> {
  const asked = await h.post('/v1/me/passkeys/options', proof, { token });
  if (asked.status !== 200) return asked;
  const credential = authenticator.create(asked.body, more.wrong);
  return await h.post('/v1/me/passkeys', more.name === undefined ? { credential } : { credential, name: more.name }, {
    token,
  });
}

/** Signs in with a passkey alone. */
export async function enterByPasskey(
  h: Harness,
  authenticator: Authenticator,
  more: { wrong?: Misbehaviour; deviceToken?: string } = {},
): Promise<Answer> {
  const { body } = await h.post('/v1/auth/passkey/options');
  const credential = authenticator.get(body, more.wrong);
  return await h.post(
    '/v1/auth/passkey',
    more.deviceToken ? { credential, deviceToken: more.deviceToken } : { credential },
  );
}

/** A signature for a change by this session. */
export async function proveByPasskey(h: Harness, token: string, authenticator: Authenticator) {
  const { body } = await h.post('/v1/me/passkey/options', undefined, { token });
  return { credential: authenticator.get(body) };
}

export type Holder = Owner & { authenticator: Authenticator; passkeyId: string; recoveryCodes: string[] };

/** Somebody with one passkey, signed in by it: a session that may make changes. */
export async function newHolder(h: Harness, options: AuthenticatorOptions = {}): Promise<Holder> {
  const owner = await newOwner(h);
  const authenticator = newAuthenticator(originOf(h), options);
  const { status, body } = await register(h, owner.accessToken, authenticator);
  expect(status, JSON.stringify(body)).toBe(201);
  const entered = await enterByPasskey(h, authenticator, { deviceToken: owner.deviceToken });
  expect(entered.status, JSON.stringify(entered.body)).toBe(200);
  const { id: passkeyId, recoveryCodes } = body;
  return { ...owner, ...entered.body, authenticator, passkeyId, recoveryCodes };
}

export type Keyed = SignedIn & { authenticator: Authenticator; passkeyId: string };

/** As `newHolder`, of an account its host made and with a planted passkey: quick, and without recovery codes. */
export async function newKeyed(h: Harness, options: AuthenticatorOptions = {}): Promise<Keyed> {
  const owner = await newSignedIn(h);
  const { authenticator, id: passkeyId } = await plantPasskey(h, owner.accountId, options);
  const entered = await enterByPasskey(h, authenticator, { deviceToken: owner.deviceToken });
  expect(entered.status, JSON.stringify(entered.body)).toBe(200);
  return { ...owner, ...entered.body, authenticator, passkeyId };
}

/** Writes a passkey down as if it had been added: the ten recovery codes of a real one take their time. */
export async function plantPasskey(
  h: Harness,
  accountId: string,
  options: AuthenticatorOptions = {},
): Promise<{ authenticator: Authenticator; id: string }> {
  const authenticator = newAuthenticator(originOf(h), options);
  const { response, id: credentialId } = authenticator.create({
    challenge: '',
    rp: { id: new URL(originOf(h)).hostname, name: '' },
    user: { id: Buffer.from(accountId.replaceAll('-', ''), 'hex').toString('base64url'), name: '', displayName: '' },
    pubKeyCredParams: [-7, -8].map((alg) => ({ type: 'public-key', alg })),
  });
  const [object, raw] = [response.attestationObject, credentialId].map((each) => Buffer.from(each, 'base64url'));
  const [id, now] = [newId(h.clock.now()), h.clock.now()];
  const publicKey = object?.subarray(object.indexOf(raw as Buffer) + (raw as Buffer).length);
  await h.pool.query(
    `insert into passkeys (id, account_id, credential_id, public_key, sign_count, transports, is_backed_up, name, created_at)
     values ($1, $2, $3, $4, 0, '{}', false, 'Planted', $5)`,
    [id, accountId, raw, publicKey, now],
  );
  return { authenticator, id };
}
