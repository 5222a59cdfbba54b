import { generateSecret } from 'otplib';
import { newId } from '../../src/crypto/ids.ts';
import { type Policy, type PolicyKey, policyKeys } from '../../src/policy.ts';
import { type Answer, type Call, type Harness, PASSWORD, totpCode } from './harness.ts';
import { newAccount, type Seeded } from './seed.ts';

/** What `profile: psd2` sets otherwise, as a harness takes it. */
export const psd2 = Object.fromEntries(
  Object.entries<PolicyKey>(policyKeys).flatMap(([name, { psd2: value }]) =>
    value === undefined ? [] : [[name, value]],
  ),
) as Partial<Policy>;

export function firstStep(h: Harness, identifier: string, extra: object = {}, call: Call = {}): Promise<Answer> {
  return h.post('/v1/auth/sign-in', { identifier, password: PASSWORD, ...extra }, call);
}

export function secondStep(h: Harness, challenge: string, factor: string, code: string, extra: object = {}) {
  return h.post('/v1/auth/second-factor', { challenge, factor, code, ...extra });
}

export function send(h: Harness, challenge: string, factor = 'email-code'): Promise<Answer> {
  return h.post('/v1/auth/second-factor/send', { challenge, factor });
}

/** The code in the newest mail to this address that has one. */
export async function mailedCode(h: Harness, email: string): Promise<string | undefined> {
  return (await h.mails(email))
    .map(({ text }) => /^\s*(\d{6})\s*$/m.exec(text)?.[1])
    .find((code) => code !== undefined);
}

/** The token of a sign-in that is owed a second factor, whether by the password alone or by a mailed code beside it. */
export async function enrolmentToken(h: Harness, email: string, extra: object = {}): Promise<string> {
  const { body } = await firstStep(h, email, extra);
  if (body.enrolmentToken !== undefined) return body.enrolmentToken;
  await send(h, body.challenge);
  const code = (await mailedCode(h, email)) as string;
  return (await secondStep(h, body.challenge, 'email-code', code)).body.enrolmentToken;
}

export type EnrolledOwner = Seeded & {
  secret: string;
  recoveryCodes: string[];
  accessToken: string;
  refreshToken: string;
  deviceToken: string;
  sessionId: string;
};

/** Binds an authenticator by the token and is signed in; its next code is fresh. */
export async function enrolBy(h: Harness, token: string): Promise<Omit<EnrolledOwner, 'email'>> {
  const { secret } = (await h.post('/v1/auth/enrolment/totp', { enrolmentToken: token })).body;
  const code = totpCode(secret, h.clock.now());
  const { body } = await h.post('/v1/auth/enrolment/totp/confirm', { enrolmentToken: token, code });
  h.clock.advance(30_000);
  return { secret, ...body };
}

/** An account whose owner enrolled at the first sign-in. */
export async function newEnrolled(h: Harness): Promise<EnrolledOwner> {
  const seeded = await newAccount(h);
  return { ...seeded, ...(await enrolBy(h, await enrolmentToken(h, seeded.email))) };
}

export type WithTotp = Seeded & { secret: string };

/** An account with an authenticator that came with it, as an import brings it: no codes to hash, no sign-in. */
export async function newWithTotp(h: Harness): Promise<WithTotp> {
  const seeded = await newAccount(h);
  const now = h.clock.now();
  const [id, secret] = [newId(now), generateSecret({ length: 20 })];
  const sealed = h.instance.ctx.keys.encrypt(secret, `totp_factors.secret:${id}`);
  await h.pool.query(
    `insert into totp_factors (id, account_id, secret, name, created_at, confirmed_at) values ($1, $2, $3, 'App', $4, $4)`,
    [id, seeded.accountId, sealed, now],
  );
  return { ...seeded, secret };
}
