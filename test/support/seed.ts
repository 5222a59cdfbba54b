import {
  type Call,
  type Harness,
  newApiKey,
  PASSWORD,
  someEmail,
  strengthen,
  type TestAgent,
  tokenIn,
  totpCode,
} from './harness.ts';

/** An account its host made: confirmed and with a password, in one call and without mails. */
export type Seeded = { email: string; accountId: string };

const keys = new WeakMap<Harness, Promise<string>>();

/** One API key with every scope for all of a file. */
export function hostKey(h: Harness): Promise<string> {
  const known = keys.get(h) ?? newApiKey(h);
  keys.set(h, known);
  return known;
}

export async function newAccount(h: Harness, extra: Record<string, unknown> = {}): Promise<Seeded> {
  const email = someEmail();
  const wanted = { email, password: PASSWORD, emailConfirmed: true, ...extra };
  const { body } = await h.post('/v1/server/accounts', wanted, { token: await hostKey(h) });
  return { email, accountId: body.id };
}

/** What sign-in answers, whatever it is: tokens, a challenge or a problem. */
export async function signIn(h: Harness, email: string, extra: Record<string, unknown> = {}, call: Call = {}) {
  return (await h.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD, ...extra }, call)).body;
}

export type SignedIn = Seeded & { accessToken: string; refreshToken: string; deviceToken: string; sessionId: string };

export async function newSignedIn(h: Harness, extra: Record<string, unknown> = {}): Promise<SignedIn> {
  const seeded = await newAccount(h, extra);
  return { ...seeded, ...(await signIn(h, seeded.email)) };
}

/** Turns a second factor on without moving the clock: the recovery codes are codes that do not wait for a time step. */
export async function enrol(h: Harness, accessToken: string): Promise<{ secret: string; recoveryCodes: string[] }> {
  const { secret } = (await h.post('/v1/me/totp', undefined, { token: accessToken })).body;
  const code = totpCode(secret, h.clock.now());
  const { recoveryCodes } = (await h.post('/v1/me/totp/confirm', { code }, { token: accessToken })).body;
  await strengthen(h, accessToken);
  return { secret, recoveryCodes };
}

export const reason = { reasonCode: 'account-takeover', note: 'The owner called' };

export function freezeByAgent(h: Harness, agent: TestAgent, accountId: string, body: object = reason) {
  return h.post(`/v1/agent/accounts/${accountId}/freeze`, body, { token: agent.accessToken });
}

/** The freeze link of the mail that a sign-in on a second device causes. */
export async function freezeLinkOf(h: Harness, email: string): Promise<string> {
  await signIn(h, email);
  return await mailedToken(h, email, 'freeze');
}

/** The token of the newest mail to this address that links to this page. */
export async function mailedToken(h: Harness, email: string, page: string): Promise<string> {
  const mail = (await h.mails(email)).find(({ text }) => text.includes(`/${page}#token=`));
  return tokenIn(mail, page);
}

export async function count(h: Harness, table: string, accountId: string, more = 'true'): Promise<number> {
  const { rows } = await h.pool.query(`select count(*)::int as n from ${table} where account_id = $1 and ${more}`, [
    accountId,
  ]);
  return rows[0].n;
}
