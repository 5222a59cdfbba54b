import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  enrolTotp,
  type Harness,
  newAgent,
  newOwner,
  openHarness,
  PASSWORD,
  type TestAgent,
  totpCode,
} from './support/harness.ts';
import { count, freezeByAgent, hostKey, mailedToken, newAccount, newSignedIn, signIn } from './support/seed.ts';

const MINUTE = 60_000;

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

/** A frozen account with the token that its owner gets instead of a session. */
async function newFrozen() {
  const account = await newAccount(h);
  const { caseId, reference } = (await freezeByAgent(h, agent, account.accountId)).body;
  const { caseToken } = await signIn(h, account.email);
  return { ...account, caseId, reference, caseToken: caseToken as string };
}

const say = (token: string, caseId: string, message = 'It was not me') =>
  h.post(`/v1/me/cases/${caseId}/messages`, { message }, { token });

describe('a frozen owner', () => {
  it('is told with the full credentials, and given a way to the case', async () => {
    const { accountId, email } = await newAccount(h);
    const { reference } = (await freezeByAgent(h, agent, accountId)).body;
    const answer = await h.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: 'account-held', caseReference: reference, expiresIn: 900 });
    expect(answer.body.holds).toMatchObject([{ scope: 'all', reasonCode: 'account-takeover', until: null }]);
    expect((await h.get('/v1/me/cases', answer.body.caseToken)).body.items).toMatchObject([{ reference }]);
  });

  it('V6.3.8 is told nothing with a wrong password', async () => {
    const { email } = await newFrozen();
    const wrong = { password: 'not the right one at all' };
    const [held, unheld] = [await signIn(h, email, wrong), await signIn(h, (await newAccount(h)).email, wrong)];
    expect({ ...held, requestId: '' }).toEqual({ ...unheld, requestId: '' });
    expect(held.code).toBe('invalid-credentials');
  });

  it('is told nothing before the second factor, and all of it after', async () => {
    const owner = await newOwner(h);
    const { secret, recoveryCodes } = await enrolTotp(h, owner);
    const { reference } = (await freezeByAgent(h, agent, owner.accountId)).body;
    const challenged = await signIn(h, owner.email);
    expect(Object.keys(challenged).sort()).toEqual(['challenge', 'expiresIn', 'factors', 'status']);
    const answer = (code: string) =>
      h.post('/v1/auth/second-factor', { challenge: challenged.challenge, factor: 'totp', code });
    expect((await answer('000000')).body.code).toBe('invalid-code');
    const held = await answer(totpCode(secret, h.clock.now()));
    expect(held.body).toMatchObject({ code: 'account-held', caseReference: reference });
    expect((await h.get('/v1/me', held.body.caseToken)).status).toBe(200);
    expect((await signIn(h, owner.email, { code: '000000' })).code).toBe('invalid-credentials');
    const inOneShot = await signIn(h, owner.email, { code: recoveryCodes[0] });
    expect(inOneShot).toMatchObject({ code: 'account-held', caseReference: reference });
  });

  it('V9.2.2 opens the case paths with the case token, and no other door', async () => {
    const { caseToken, caseId, accountId } = await newFrozen();
    for (const path of ['/v1/me', '/v1/me/cases', `/v1/me/cases/${caseId}`]) {
      expect((await h.get(path, caseToken)).status, path).toBe(200);
    }
    const calls: [string, string, unknown?][] = [
      ['POST', '/v1/me/freeze', {}],
      ['POST', '/v1/me/totp'],
      ['POST', '/v1/me/totp/confirm', { code: '123456' }],
      ['DELETE', '/v1/me/totp', { code: '123456' }],
      ['POST', '/v1/me/recovery-codes', { code: '123456' }],
      ['POST', '/v1/auth/sign-out'],
      ['GET', `/v1/agent/accounts/${accountId}`],
      ['GET', '/v1/agent/cases'],
      ['GET', `/v1/server/accounts/${accountId}`],
    ];
    for (const [method, path, body] of calls) {
      expect((await h.call(method, path, { body, token: caseToken })).status, `${method} ${path}`).toBe(401);
    }
    const refreshed = await h.post('/v1/auth/refresh', { refreshToken: caseToken });
    expect(refreshed.body.code).toBe('invalid-refresh-token');
    const introspected = await h.post(
      '/v1/server/sessions/introspect',
      { token: caseToken },
      { token: await hostKey(h) },
    );
    expect(introspected.text).toBe('{"active":false}');
  });

  it('has fifteen minutes with a case token', async () => {
    const { caseToken } = await newFrozen();
    h.clock.advance(15 * MINUTE - 1000);
    expect((await h.get('/v1/me', caseToken)).status).toBe(200);
    h.clock.advance(1000);
    expect((await h.get('/v1/me', caseToken)).status).toBe(401);
    agent = await newAgent(h);
  });

  it('comes in from the mail as often as needed, until it expires', async () => {
    const { accountId, email } = await newAccount(h);
    const { reference } = (await freezeByAgent(h, agent, accountId)).body;
    const token = await mailedToken(h, email, 'case');
    for (let time = 0; time < 2; time++) {
      const { status, body } = await h.post('/v1/auth/case-access', { token });
      expect([status, body.caseReference]).toEqual([200, reference]);
    }
    h.clock.advance(14 * 24 * 60 * MINUTE);
    expect((await h.post('/v1/auth/case-access', { token })).body.code).toBe('invalid-token');
    agent = await newAgent(h);
  });

  it('speaks unproven by case token, and proven by session', async () => {
    const frozen = await newFrozen();
    expect((await say(frozen.caseToken, frozen.caseId)).body).toMatchObject({ author: 'owner', proven: false });
    const owner = await newSignedIn(h);
    const { caseId } = (
      await h.post('/v1/me/reports', { kind: 'scam', message: 'Somebody called' }, { token: owner.accessToken })
    ).body;
    expect((await say(owner.accessToken, caseId)).body).toMatchObject({ proven: true });
    const seen = (await h.get(`/v1/agent/cases/${frozen.caseId}`, agent.accessToken)).body.messages;
    expect(seen).toMatchObject([{ body: 'It was not me', proven: false }]);
  });

  it('reports day and night with a receipt, joining the case that is open', async () => {
    const { caseToken, reference, accountId } = await newFrozen();
    const input = { kind: 'takeover', message: 'I was broken into', transactionIds: ['t-1'], evidence: 'A screenshot' };
    const { status, body } = await h.post('/v1/me/reports', input, { token: caseToken });
    expect([status, body.reference]).toEqual([201, reference]);
    expect(new Date(body.respondBy).getTime()).toBe(h.clock.now().getTime() + 60 * MINUTE);
    expect(await count(h, 'cases', accountId)).toBe(1);
    expect(await count(h, 'receipts', accountId)).toBe(2);
    const other = await h.post('/v1/me/reports', { kind: 'complaint', message: 'Slow' }, { token: caseToken });
    expect(other.body.reference).not.toBe(reference);
    expect((await h.get('/v1/me/cases', caseToken)).body.items).toHaveLength(2);
  });

  it('makes one case of sixteen reports at once', async () => {
    const { accessToken, accountId } = await newSignedIn(h);
    const input = { kind: 'locked-out', message: 'Help' };
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => h.post('/v1/me/reports', input, { token: accessToken })),
    );
    expect(new Set(answers.map(({ body }) => body.caseId)).size).toBe(1);
    expect(await count(h, 'cases', accountId)).toBe(1);
  });
});

describe('somebody else', () => {
  it('V8.2.2 finds no case of another’s, by session or by case token', async () => {
    const { caseId } = await newFrozen();
    const other = await newFrozen();
    const { accessToken } = await newSignedIn(h);
    const nowhere = '01900000-0000-7000-8000-000000000000';
    for (const token of [other.caseToken, accessToken]) {
      const foreign = await h.get(`/v1/me/cases/${caseId}`, token);
      const none = await h.get(`/v1/me/cases/${nowhere}`, token);
      expect({ ...foreign.body, requestId: '' }).toEqual({ ...none.body, requestId: '' });
      expect((await say(token, caseId)).body.code).toBe('not-found');
      const listed = (await h.get('/v1/me/cases', token)).body.items.map(({ id }: { id: string }) => id);
      expect(listed).not.toContain(caseId);
    }
    const { rows } = await h.pool.query('select count(*)::int as n from case_messages where case_id = $1', [caseId]);
    expect(rows[0].n).toBe(0);
  });

  it('gets no case token with a wrong password or a missing code, alike for unknown identifiers', async () => {
    const owner = await newOwner(h);
    await enrolTotp(h, owner);
    const { email } = await newAccount(h);
    const asks = [
      { identifier: owner.email, password: PASSWORD },
      { identifier: owner.email, password: PASSWORD, code: '000000' },
      { identifier: email, password: 'not the right one at all' },
      { identifier: 'nobody@example.com', password: PASSWORD },
    ];
    const headers = { 'x-request-id': 'the-same-for-all' };
    const answers = await Promise.all(asks.map((ask) => h.post('/v1/auth/case-access', ask, { headers })));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.body.code).toBe('invalid-credentials');
  });

  it('cannot speak into a closed case, nor for a closed account', async () => {
    const { caseId, caseToken, accountId } = await newFrozen();
    await h.pool.query('update cases set closed_at = $2 where id = $1', [caseId, h.clock.now()]);
    expect((await say(caseToken, caseId)).body.code).toBe('not-found');
    await h.pool.query('update accounts set closed_at = $2 where id = $1', [accountId, h.clock.now()]);
    for (const path of ['/v1/me', '/v1/me/cases', `/v1/me/cases/${caseId}`]) {
      expect((await h.get(path, caseToken)).status, path).toBe(401);
    }
    const report = { kind: 'complaint', message: 'Open up' };
    expect((await h.post('/v1/me/reports', report, { token: caseToken })).status).toBe(401);
  });
});
