import { expect } from 'vitest';
import { type Answer, type Harness, PASSWORD, someEmail, totpCode } from './harness.ts';
import { hostKey, mailedToken, newSignedIn, type SignedIn } from './seed.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const IBAN = 'DE02120300000000202051';

type Session = Pick<SignedIn, 'accessToken' | 'refreshToken' | 'deviceToken' | 'sessionId'>;
/** Somebody who knows the owner's password, and all that they got hold of with it. */
export type Thief = {
  accountId: string;
  ownersEmail: string;
  mailbox: string;
  session: Session;
  secret: string;
  recoveryCodes: string[];
  /** Paid, and the host's name for it. */
  paid: string;
  /** Begun and not finished when the account was frozen. */
  halfDone: { grant: string; openGrantId: string; challenge: string; addressToken: string; resetToken: string };
};

const theirs = { ip: '203.0.113.66', headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' } };
const nextCode = (h: Harness, secret: string): string => {
  h.clock.advance(30_000);
  return totpCode(secret, h.clock.now());
};

/** An owner of some weeks, with a password alone. */
export async function newVictim(h: Harness): Promise<SignedIn> {
  const owner = await newSignedIn(h);
  h.clock.advance(40 * DAY);
  return owner;
}

export async function tryToPay(h: Harness, accountId: string, more: object = {}): Promise<string> {
  const wanted = { accountId, kind: 'payment', amount: '950', currency: 'EUR', payee: { id: IBAN, name: 'Mule' } };
  const transactionId = crypto.randomUUID();
  const { status, body, text } = await h.post(
    '/v1/server/transactions',
    { ...wanted, transactionId, ...more },
    { token: await hostKey(h) },
  );
  expect(status, text).toBe(200);
  return body.decision === 'allow' ? transactionId : `${body.decision} ${body.reasons[0]?.rule}`;
}

/** Everything that somebody with a stolen password does in the first minutes: comes in, makes it theirs, and pays. */
export async function takeOver(h: Harness, { accountId, email }: SignedIn): Promise<Thief> {
  const asThief = (path: string, body: object | undefined, token: string) =>
    h.call('POST', path, { ...(body && { body }), token, ...theirs });
  const signIn = async (extra: object = {}) =>
    (await h.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD, ...extra }, theirs)).body;
  const first = await signIn();
  const { secret } = (await asThief('/v1/me/totp', undefined, first.accessToken)).body;
  const confirmed = await asThief('/v1/me/totp/confirm', { code: totpCode(secret, h.clock.now()) }, first.accessToken);
  const { recoveryCodes } = confirmed.body;
  const session = await signIn({ code: nextCode(h, secret) });

  const mailbox = someEmail();
  await asThief('/v1/me/email-change', { newEmail: mailbox, code: nextCode(h, secret) }, session.accessToken);
  const confirmation = { token: await mailedToken(h, mailbox, 'confirm-address') };
  const changed = await asThief('/v1/me/email-change/confirm', confirmation, session.accessToken);
  expect([changed.status, changed.text]).toEqual([204, '']);

  const paid = await tryToPay(h, accountId, { sessionId: session.sessionId, ip: theirs.ip });
  const halfDone = await beginThings(h, { secret, mailbox, email, session }, asThief);
  return { accountId, ownersEmail: email, mailbox, session, secret, recoveryCodes, paid, halfDone };
}

async function beginThings(
  h: Harness,
  { secret, mailbox, session }: Pick<Thief, 'secret' | 'mailbox' | 'session'> & { email: string },
  asThief: (path: string, body: object | undefined, token: string) => Promise<Answer>,
): Promise<Thief['halfDone']> {
  const wish = { action: 'payment', amount: '300', currency: 'EUR', payee: { id: IBAN } };
  const ask = async () => (await asThief('/v1/me/grants', wish, session.accessToken)).body.grantId;
  const [grantId, openGrantId] = [await ask(), await ask()];
  const code = nextCode(h, secret);
  const { grant } = (await asThief(`/v1/me/grants/${grantId}/confirm`, { code }, session.accessToken)).body;
  const unfinished = await h.post('/v1/auth/sign-in', { identifier: mailbox, password: PASSWORD }, theirs);
  await asThief('/v1/me/notice-addresses', { email: mailbox, code: nextCode(h, secret) }, session.accessToken);
  const second = someEmail();
  await asThief('/v1/me/email-change', { newEmail: second, code: nextCode(h, secret) }, session.accessToken);
  const addressToken = await mailedToken(h, second, 'confirm-address');
  await h.post('/v1/auth/password-reset', { identifier: mailbox }, theirs);
  const resetToken = await mailedToken(h, mailbox, 'reset');
  const { challenge } = unfinished.body;
  const begun = { grant, openGrantId, challenge, addressToken, resetToken };
  for (const [name, value] of Object.entries(begun)) expect(value, name).toBeTypeOf('string');
  return begun;
}

const NEW = 'whatever the thief would like it to be';

/** Every door that the thief holds something for: what it is, and what knocking answers. */
export function doorsOf(h: Harness, thief: Thief): Record<string, () => Promise<Answer>> {
  const { session, secret, recoveryCodes, mailbox, halfDone, accountId, ownersEmail } = thief;
  const { accessToken: token, refreshToken, deviceToken } = session;
  const enter = (extra: object) => h.post('/v1/auth/sign-in', { password: PASSWORD, ...extra }, theirs);
  const code = () => totpCode(secret, h.clock.now());
  const mine = (path: string, body: object = {}) => h.post(`/v1/me/${path}`, body, { token, ...theirs });
  return {
    'the session': () => h.call('GET', '/v1/me', { token, ...theirs }),
    'the refresh token': () => h.post('/v1/auth/refresh', { refreshToken }, theirs),
    'the password at the new address': () => enter({ identifier: mailbox, code: code(), deviceToken }),
    'the password at the old address': () => enter({ identifier: ownersEmail, code: code(), deviceToken }),
    'a saved recovery code': () => enter({ identifier: ownersEmail, code: recoveryCodes[0] }),
    'the half-done sign-in': () =>
      h.post('/v1/auth/second-factor', { challenge: halfDone.challenge, factor: 'totp', code: code() }, theirs),
    'the reset link': () =>
      h.post('/v1/auth/password-reset/confirm', { token: halfDone.resetToken, newPassword: NEW, code: code() }, theirs),
    'the second change of address': () => mine('email-change/confirm', { token: halfDone.addressToken }),
    'the waiting confirmation': () => mine(`grants/${halfDone.openGrantId}/confirm`, { code: code() }),
    'a password change': () =>
      h.call('PUT', '/v1/me/password', {
        body: { currentPassword: PASSWORD, newPassword: NEW, code: code() },
        token,
        ...theirs,
      }),
    'an unfreeze by session': () => mine('unfreeze', { code: code() }),
    'the copied access token, at the host': async () => {
      const answer = await h.post('/v1/server/sessions/introspect', { token }, { token: await hostKey(h) });
      return answer.body.active === false ? { ...answer, status: 401 } : answer;
    },
    'the confirmed payment': async () => {
      const decision = await tryToPay(h, accountId, { amount: '300', payee: { id: IBAN }, grant: halfDone.grant });
      return {
        status: /^(deny|challenge)/.test(decision) ? 403 : 200,
        text: decision,
        body: {},
        headers: new Headers(),
      };
    },
  };
}

/** Knocks twice at each door of the thief; nothing opens, and nothing breaks. */
export async function expectShutOut(h: Harness, thief: Thief, when: string): Promise<void> {
  for (const [door, knock] of Object.entries(doorsOf(h, thief))) {
    for (const time of ['once', 'again']) {
      const { status, text } = await knock();
      expect([400, 401, 403, 429], `${when}: ${door}, ${time}: ${status} ${text}`).toContain(status);
    }
  }
}
