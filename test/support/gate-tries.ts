import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { contactTries, prepareMoving } from './contact-tries.ts';
import { enrolmentTries, prepareEnrolling } from './enrolment-tries.ts';
import { grantTries, preparePaying } from './grant-tries.ts';
import { type Answer, type Harness, PASSWORD, type TestAgent, totpCode } from './harness.ts';
import { ask, verify } from './lost-factor.ts';
import { ownerTries, prepareSpeaking } from './owner-tries.ts';
import { passkeyTries, prepareHolding } from './passkey-tries.ts';
import { prepareRecovering, recoveryTries } from './recovery-tries.ts';
import {
  enrol,
  freezeByAgent,
  freezeLinkOf,
  hostKey,
  mailedToken,
  newAccount,
  newSignedIn,
  type Seeded,
  signIn,
} from './seed.ts';
import { prepareTexted, prepareTexting, smsTries } from './sms-tries.ts';

/** Five accounts with everything that can be issued before a hold comes; `strong` has a second factor. */
export async function prepare(h: Harness, agent: TestAgent) {
  const plain = await newAccount(h);
  const session = await signIn(h, plain.email);
  const started = await h.post('/v1/me/totp', undefined, { token: session.accessToken });
  const freezeLink = await freezeLinkOf(h, plain.email);
  for (let guess = 0; guess < 5; guess++) await signIn(h, plain.email, { password: 'not the right one at all' });
  const unlockLink = await mailedToken(h, plain.email, 'unlock');

  const strong = await newAccount(h);
  const strongSession = await signIn(h, strong.email);
  const { recoveryCodes: codes } = await enrol(h, strongSession.accessToken);
  const spare = await enrolAnother(h, strongSession.accessToken, codes[9] as string);
  const challenge: string = (await signIn(h, strong.email)).challenge;
  const strongReset = await resetLink(h, strong);
  await verifyOwner(h, agent, strongSession.accessToken);

  const changing = await newSignedIn(h);
  const moving = await prepareMoving(h);
  const texting = await prepareTexting(h);
  const texted = await prepareTexted(h);
  const paying = await preparePaying(h);
  const holding = await prepareHolding(h);
  const enrolling = await prepareEnrolling(h);
  const recovering = await prepareRecovering(h, agent);
  const speaking = await prepareSpeaking(h, agent);
  const weak = await newAccount(h);
  await freezeByAgent(h, agent, weak.accountId);
  const caseLink = await mailedToken(h, weak.email, 'case');
  const accounts = [
    plain.accountId,
    strong.accountId,
    weak.accountId,
    changing.accountId,
    moving.accountId,
    texting.accountId,
    texted.accountId,
    paying.accountId,
    holding.accountId,
    enrolling.byApp.accountId,
    enrolling.byKey.accountId,
    speaking.accountId,
    ...Object.values(recovering).map(({ accountId }) => accountId),
  ];
  // Neither that freeze nor the cool-down of a new factor is the hold that the walk is about.
  await h.pool.query('update holds set released_at = since where account_id = any($1)', [accounts]);
  const weakSession = await signIn(h, weak.email);
  const { caseToken } = (await h.post('/v1/auth/case-access', { token: caseLink })).body;
  const { caseId } = (await report(h, caseToken)).body;
  const weakReset = await resetLink(h, weak);
  const links = { freeze: freezeLink, unlock: unlockLink, case: caseLink, reset: weakReset, strongReset };
  return {
    ...{ plain, session, pending: started.body.secret as string, strong, strongSession, codes, challenge, spare },
    ...{
      agent,
      changing,
      moving,
      texting,
      texted,
      paying,
      holding,
      enrolling,
      speaking,
      recovering,
      weak,
      weakSession,
      caseToken,
      caseId,
      links,
      accounts,
    },
  };
}
export type Kit = Awaited<ReturnType<typeof prepare>>;

async function resetLink(h: Harness, { email }: Seeded): Promise<string> {
  await h.post('/v1/auth/password-reset', { identifier: email });
  return await mailedToken(h, email, 'reset');
}

async function enrolAnother(h: Harness, token: string, code: string): Promise<string> {
  const { factorId, secret } = (await h.post('/v1/me/totp', { code }, { token })).body;
  await h.post('/v1/me/totp/confirm', { code: totpCode(secret, h.clock.now()) }, { token });
  return factorId;
}

async function verifyOwner(h: Harness, agent: TestAgent, token: string): Promise<void> {
  const { caseId } = (await report(h, token)).body;
  for (const kind of ['video', 'document']) await verify(h, agent, caseId, kind);
}

const report = (h: Harness, token: string) =>
  h.post('/v1/me/reports', { kind: 'complaint', message: 'Help' }, { token });

function ok({ status, body }: Answer): boolean {
  expect([200, 201, 202, 204, 400, 401, 403, 404, 422, 429], body?.code).toContain(status);
  return status < 300;
}

export type Try = { operation: string; what: string; action: string; go: (h: Harness, kit: Kit) => Promise<boolean> };

function attempt(operation: string, what: string, action: string, go: Try['go']): Try {
  return { operation, what, action, go };
}

const asksGate = (action: string) =>
  attempt('GET /v1/server/accounts/{id}/gate', action, action, async (h, { plain }) => {
    const path = `/v1/server/accounts/${plain.accountId}/gate?action=${action}`;
    return (await h.get(path, await hostKey(h))).body.allowed;
  });

const moves = (kind: string, action: string) =>
  attempt('POST /v1/server/transactions', kind, action, async (h, { plain }) => {
    const wanted = { transactionId: randomUUID(), accountId: plain.accountId, kind, amount: '10', currency: 'EUR' };
    return (await h.post('/v1/server/transactions', wanted, { token: await hostKey(h) })).body.decision === 'allow';
  });

const reads = (operation: string, path: (kit: Kit) => string) => [
  attempt(operation, 'by session', 'use-session', async (h, k) => ok(await h.get(path(k), k.weakSession.accessToken))),
  attempt(operation, 'by case token', 'case-access', async (h, k) => ok(await h.get(path(k), k.caseToken))),
];

const says = (operation: string, body: object, path: (kit: Kit) => string) => [
  attempt(operation, 'by session', 'use-session', async (h, k) =>
    ok(await h.post(path(k), body, { token: k.weakSession.accessToken })),
  ),
  attempt(operation, 'by case token', 'case-access', async (h, k) =>
    ok(await h.post(path(k), body, { token: k.caseToken })),
  ),
];

/** Past the gate it is told that there is nothing of the owner's that could be lifted yet. */
const lifts = (operation: string, body: object) => {
  const go = async (h: Harness, token: string) => {
    const { status } = await h.post(operation.slice('POST '.length), body, { token });
    expect([401, 403, 409]).toContain(status);
    return status === 409;
  };
  return [
    attempt(operation, 'by session', 'use-session', (h, k) => go(h, k.weakSession.accessToken)),
    attempt(operation, 'by case token', 'recover', (h, k) => go(h, k.caseToken)),
  ];
};

const asOwner = (k: Kit) => ({ token: k.session.accessToken });

/** Every path that issues or redeems something. In this order none of them spoils the next, refused or not. */
export const tries: Try[] = [
  ...contactTries,
  ...enrolmentTries,
  ...recoveryTries,
  ...smsTries,
  ...grantTries,
  ...passkeyTries,
  ...ownerTries,
  attempt('POST /v1/agent/accounts/{id}/reset-second-factor', 'identity verified before', 'recover', async (h, k) =>
    ok(await ask(h, k.agent, k.strong.accountId)),
  ),
  attempt('POST /v1/server/sessions/introspect', 'access token from before', 'use-session', async (h, k) => {
    const asked = { token: k.session.accessToken };
    return (await h.post('/v1/server/sessions/introspect', asked, { token: await hostKey(h) })).body.active;
  }),
  attempt('POST /v1/server/sessions/seen', 'session from before', 'use-session', async (h, { session }) => {
    const row = 'sessions set last_seen_at = last_seen_at - $2::interval where id = $1 returning last_seen_at as at';
    const lastSeen = async (back: string) =>
      (await h.pool.query(`update ${row}`, [session.sessionId, back])).rows[0].at.getTime();
    const before = await lastSeen('2 min');
    await h.post('/v1/server/sessions/seen', { sessionIds: [session.sessionId] }, { token: await hostKey(h) });
    return (await lastSeen('0')) > before;
  }),
  ...['sign-in', 'payment', 'withdrawal', 'security-change'].map(asksGate),
  moves('payment', 'payment'),
  moves('withdrawal', 'withdrawal'),
  moves('deposit', 'open'),
  moves('refund', 'open'),
  ...reads('GET /v1/me', () => '/v1/me'),
  ...reads('GET /v1/me/cases', () => '/v1/me/cases'),
  ...reads('GET /v1/me/cases/{id}', (k) => `/v1/me/cases/${k.caseId}`),
  ...says('POST /v1/me/reports', { kind: 'scam', message: 'Help' }, () => '/v1/me/reports'),
  ...lifts('POST /v1/me/unfreeze', {}),
  ...lifts('POST /v1/me/unfreeze/confirm', { mailCode: '123456' }),
  ...says('POST /v1/me/cases/{id}/messages', { message: 'Hello?' }, (k) => `/v1/me/cases/${k.caseId}/messages`),
  attempt('GET /v1/me/activity', 'session from before', 'use-session', async (h, k) =>
    ok(await h.get('/v1/me/activity', k.weakSession.accessToken)),
  ),
  attempt('POST /v1/me/activity/{id}/not-me', 'one that there is not', 'use-session', async (h, k) => {
    const path = `/v1/me/activity/${k.weak.accountId}/not-me`;
    const { status } = await h.post(path, {}, { token: k.weakSession.accessToken });
    expect([401, 404]).toContain(status);
    return status === 404;
  }),
  attempt('GET /v1/me/export', 'by session', 'use-session', async (h, k) =>
    ok(await h.get('/v1/me/export', k.weakSession.accessToken)),
  ),
  attempt('POST /v1/me/step-up', 'by password', 'sign-in', async (h, k) =>
    ok(await h.post('/v1/me/step-up', { password: PASSWORD }, { token: k.weakSession.accessToken })),
  ),
  attempt('POST /v1/auth/case-access', 'by link', 'case-access', async (h, k) =>
    ok(await h.post('/v1/auth/case-access', { token: k.links.case })),
  ),
  attempt('POST /v1/auth/case-access', 'by password', 'case-access', async (h, k) =>
    ok(await h.post('/v1/auth/case-access', { identifier: k.weak.email, password: PASSWORD })),
  ),
  attempt('POST /v1/auth/refresh', 'token from before', 'refresh', async (h, k) =>
    ok(await h.post('/v1/auth/refresh', { refreshToken: k.session.refreshToken })),
  ),
  attempt('POST /v1/auth/sign-in', 'on a known device', 'sign-in', async (h, k) => {
    const { deviceToken } = k.weakSession;
    return ok(await h.post('/v1/auth/sign-in', { identifier: k.weak.email, password: PASSWORD, deviceToken }));
  }),
  attempt('POST /v1/auth/sign-in', 'in one shot with a code', 'sign-in', async (h, k) =>
    ok(await h.post('/v1/auth/sign-in', { identifier: k.strong.email, password: PASSWORD, code: k.codes[0] })),
  ),
  attempt('POST /v1/auth/second-factor', 'challenge from before', 'sign-in', async (h, { challenge, codes }) =>
    ok(await h.post('/v1/auth/second-factor', { challenge, factor: 'recovery-code', code: codes[1] })),
  ),
  attempt('POST /v1/auth/second-factor', 'challenge from after', 'sign-in', async (h, { strong, codes }) => {
    const { challenge } = await signIn(h, strong.email);
    return ok(await h.post('/v1/auth/second-factor', { challenge, factor: 'recovery-code', code: codes[2] }));
  }),
  attempt('POST /v1/auth/password-reset', 'a new mail', 'reset-password', async (h, { weak }) => {
    const letters = async () => (await h.mails(weak.email)).filter((mail) => mail.text.includes('/reset#token='));
    const { length } = await letters();
    await h.post('/v1/auth/password-reset', { identifier: weak.email });
    return (await letters()).length > length;
  }),
  attempt('POST /v1/auth/link/use', 'unlock link from before', 'sign-in', async (h, k) =>
    ok(await h.post('/v1/auth/link/use', { token: k.links.unlock, confirm: true })),
  ),
  attempt('POST /v1/me/totp', 'start', 'security-change', async (h, k) => {
    const answer = await h.post('/v1/me/totp', undefined, asOwner(k));
    k.pending = answer.body.secret ?? k.pending;
    return ok(answer);
  }),
  attempt('POST /v1/me/totp/confirm', 'started before', 'security-change', async (h, k) =>
    ok(await h.post('/v1/me/totp/confirm', { code: totpCode(k.pending, h.clock.now()) }, asOwner(k))),
  ),
  attempt('PUT /v1/me/password', 'by password', 'security-change', async (h, { changing }) => {
    const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD} anew` };
    return ok(await h.call('PUT', '/v1/me/password', { body, token: changing.accessToken }));
  }),
  attempt('POST /v1/me/recovery-codes', 'by code', 'security-change', async (h, k) => {
    const token = k.strongSession.accessToken;
    const answer = await h.post('/v1/me/recovery-codes', { code: k.codes[3] }, { token });
    k.codes = answer.body.recoveryCodes ?? k.codes;
    return ok(answer);
  }),
  attempt('GET /v1/me/totp', 'session from before', 'use-session', async (h, k) =>
    ok(await h.get('/v1/me/totp', k.strongSession.accessToken)),
  ),
  attempt('PUT /v1/me/totp/{id}', 'session from before', 'security-change', async (h, k) => {
    const call = { body: { name: 'Spare' }, token: k.strongSession.accessToken };
    return ok(await h.call('PUT', `/v1/me/totp/${k.spare}`, call));
  }),
  attempt('DELETE /v1/me/totp/{id}', 'by code', 'security-change', async (h, k) => {
    const call = { body: { code: k.codes[6] }, token: k.strongSession.accessToken };
    return ok(await h.call('DELETE', `/v1/me/totp/${k.spare}`, call));
  }),
  attempt('DELETE /v1/me/totp', 'by code', 'security-change', async (h, k) =>
    ok(await h.call('DELETE', '/v1/me/totp', { body: { code: k.codes[4] }, token: k.strongSession.accessToken })),
  ),
  ...['sessions', 'devices'].flatMap((what) => [
    attempt(`GET /v1/me/${what}`, 'session from before', 'use-session', async (h, k) =>
      ok(await h.get(`/v1/me/${what}`, k.weakSession.accessToken)),
    ),
    attempt(`DELETE /v1/me/${what}/{id}`, 'one that there is not', 'use-session', async (h, k) => {
      const call = { token: k.weakSession.accessToken };
      const { status } = await h.call('DELETE', `/v1/me/${what}/${k.weak.accountId}`, call);
      expect([401, 404]).toContain(status);
      return status === 404;
    }),
  ]),
  attempt('POST /v1/me/sessions/revoke-others', 'session from before', 'use-session', async (h, k) =>
    ok(await h.call('POST', '/v1/me/sessions/revoke-others', { token: k.weakSession.accessToken })),
  ),
  attempt('POST /v1/me/sessions/revoke-all', 'session from before', 'use-session', async (h, k) =>
    ok(await h.call('POST', '/v1/me/sessions/revoke-all', { token: k.strongSession.accessToken })),
  ),
  attempt('POST /v1/auth/sign-out', 'by cookie', 'open', async (h, k) => {
    const cookie = `__Host-holdfast-refresh=${k.strongSession.refreshToken}`;
    return ok(await h.call('POST', '/v1/auth/sign-out', { headers: { cookie, 'sec-fetch-site': 'same-origin' } }));
  }),
  attempt('POST /v1/auth/sign-out', 'session from before', 'use-session', async (h, k) =>
    ok(await h.post('/v1/auth/sign-out', undefined, { token: k.weakSession.accessToken })),
  ),
  attempt('POST /v1/auth/password-reset/confirm', 'token mailed before', 'reset-password', async (h, k) =>
    ok(await h.post('/v1/auth/password-reset/confirm', { token: k.links.reset, newPassword: `${PASSWORD} anew` })),
  ),
  attempt('POST /v1/auth/password-reset/confirm', 'with a second factor', 'reset-password', async (h, k) => {
    const newPassword = `${PASSWORD} anew`;
    const input = { token: k.links.strongReset, newPassword, code: k.codes[5] };
    return ok(await h.post('/v1/auth/password-reset/confirm', input));
  }),
  attempt('POST /v1/me/freeze', 'session from before', 'use-session', async (h, k) =>
    ok(await h.post('/v1/me/freeze', {}, asOwner(k))),
  ),
  attempt('POST /v1/auth/link/use', 'freeze link', 'open', async (h, k) =>
    ok(await h.post('/v1/auth/link/use', { token: k.links.freeze, confirm: true })),
  ),
];
