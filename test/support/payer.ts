import { randomUUID } from 'node:crypto';
import { type Answer, type Harness, totpCode } from './harness.ts';
import { enrol, hostKey, newSignedIn, type SignedIn } from './seed.ts';

/** Somebody signed in who can confirm: an authenticator, and no cool-down of its enrolment in the way. */
export type Payer = SignedIn & { secret: string; recoveryCodes: string[] };

export async function newPayer(h: Harness): Promise<Payer> {
  const signedIn = await newSignedIn(h);
  const enrolled = await enrol(h, signedIn.accessToken);
  await h.pool.query('update holds set released_at = since where account_id = $1', [signedIn.accountId]);
  return { ...signedIn, ...enrolled };
}

export const shoes = { amount: '12.50', currency: 'EUR', payee: { id: 'DE02120300000000202051', name: 'Shoe Shop' } };
export const payment = { action: 'payment', ...shoes };

export function request(h: Harness, payer: { accessToken: string }, wish: object = payment): Promise<Answer> {
  return h.post('/v1/me/grants', wish, { token: payer.accessToken });
}

export function confirm(h: Harness, payer: { accessToken: string }, grantId: string, proof: object): Promise<Answer> {
  return h.post(`/v1/me/grants/${grantId}/confirm`, proof, { token: payer.accessToken });
}

/** The next code of their authenticator, which nothing has used: time moves on for it. */
export function nextCode(h: Harness, { secret }: Payer): string {
  h.clock.advance(30_000);
  return totpCode(secret, h.clock.now());
}

/** A code that is never right: the right one with its last digit changed. */
export function wrongCode(h: Harness, { secret }: Payer): string {
  const codes = [-30_000, 0].map((ago) => totpCode(secret, new Date(h.clock.now().getTime() + ago)));
  const guess = [...Array(3)]
    .map((_, digit) => `${codes[1]?.slice(0, 5)}${digit}`)
    .find((code) => !codes.includes(code));
  return guess as string;
}

/** A confirmed grant, ready to be redeemed. */
export async function newGrant(h: Harness, payer: Payer, wish: object = payment): Promise<string> {
  const { grantId } = (await request(h, payer, wish)).body;
  return (await confirm(h, payer, grantId, { code: nextCode(h, payer) })).body.grant;
}

export const move = (payer: { accountId: string }, more: object = {}) => ({
  transactionId: randomUUID(),
  accountId: payer.accountId,
  kind: 'payment',
  ...shoes,
  ...more,
});

export async function decide(h: Harness, wanted: object): Promise<Answer> {
  return await h.post('/v1/server/transactions', wanted, { token: await hostKey(h) });
}

/** The decision in short: `allow`, or the first reason against it. */
export function verdictOf({ status, body }: Answer): string {
  if (status !== 200) return `${status} ${body.code}`;
  return body.decision === 'allow' ? 'allow' : `${body.decision} ${body.reasons[0]?.rule}`;
}

export async function eventsOf(h: Harness, accountId: string, type: string) {
  const { rows } = await h.pool.query('select * from events where account_id = $1 and type = $2 order by id', [
    accountId,
    type,
  ]);
  return rows;
}
