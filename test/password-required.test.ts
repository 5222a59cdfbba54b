import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, openHarness, PASSWORD, someEmail, type TestAgent } from './support/harness.ts';
import { count, freezeByAgent, mailedToken, newAccount, newSignedIn, signIn } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

const NEW = 'another long enough sentence';
const askFor = (accountId: string, body: object = {}, token = agent.accessToken, headers = {}) =>
  h.post(`/v1/agent/accounts/${accountId}/require-password-reset`, { note: 'Phished', ...body }, { token, headers });

describe('V6.4.6 an agent who asks for a new password', () => {
  it('NB-P6 ends every session; the password opens nothing until the owner has reset it', async () => {
    const owner = await newSignedIn(h);
    const answer = await askFor(owner.accountId);
    expect([answer.status, answer.body]).toEqual([200, { ended: 1 }]);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
    expect((await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).status).toBe(401);
    for (const extra of [{}, { deviceToken: owner.deviceToken }]) {
      expect((await signIn(h, owner.email, extra)).code).toBe('password-change-required');
    }
    const token = await mailedToken(h, owner.email, 'reset');
    const confirm = (newPassword: string) => h.post('/v1/auth/password-reset/confirm', { token, newPassword });
    expect((await confirm(PASSWORD)).body.reason).toBe('unchanged');
    expect((await confirm(NEW)).status).toBe(204);
    expect((await signIn(h, owner.email, { password: NEW })).status).toBe('signed-in');
    expect((await signIn(h, owner.email)).code).toBe('invalid-credentials');
  });

  it('V8.3.3 has no field for one, learns no token, and is named in the event', async () => {
    const { accountId, email } = await newAccount(h);
    const chosen = await askFor(accountId, { password: NEW });
    expect([chosen.status, chosen.body.code]).toEqual([422, 'invalid-request']);
    const answer = await h.post(
      `/v1/agent/accounts/${accountId}/require-password-reset`,
      { note: 'Phished' },
      { token: agent.accessToken, ip: '203.0.113.77' },
    );
    const token = await mailedToken(h, email, 'reset');
    expect((await h.mails(email))[0]?.text, 'nor does the owner learn where the agent sits').not.toContain('203.0.113');
    expect(answer.text).not.toContain(token);
    const { rows } = await h.pool.query(
      "select actor_kind, actor_id, detail from events where account_id = $1 and type = 'password.reset-required'",
      [accountId],
    );
    expect(rows).toEqual([
      { actor_kind: 'agent', actor_id: agent.agentId, detail: { note: 'Phished', endedSessions: 0 } },
    ]);
  });

  it('V6.3.8 changes nothing about the answer to a wrong password', async () => {
    const { accountId, email } = await newAccount(h);
    await askFor(accountId);
    const headers = { 'x-request-id': 'the-same-for-all' };
    const password = 'not the right one at all';
    const answers = await Promise.all(
      [email, someEmail()].map((identifier) => h.post('/v1/auth/sign-in', { identifier, password }, { headers })),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  });

  it('ends reset links from before and mails another when asked again', async () => {
    const { accountId, email } = await newAccount(h);
    await askFor(accountId);
    const first = await mailedToken(h, email, 'reset');
    await askFor(accountId);
    const second = await mailedToken(h, email, 'reset');
    expect(second).not.toBe(first);
    const confirm = (token: string) => h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW });
    expect((await confirm(first)).body.code).toBe('invalid-token');
    expect((await confirm(second)).status).toBe(204);
  });

  it('does it once for one Idempotency-Key, and may name the case', async () => {
    const owner = await newSignedIn(h);
    const { body } = await freezeByAgent(h, agent, owner.accountId);
    const headers = { 'idempotency-key': 'require-once' };
    const asked = { caseId: body.caseId };
    const [first, second] = [
      await askFor(owner.accountId, asked, agent.accessToken, headers),
      await askFor(owner.accountId, asked, agent.accessToken, headers),
    ];
    expect([first.status, first.text]).toEqual([second.status, second.text]);
    expect(
      await count(h, 'events', owner.accountId, `type = 'password.reset-required' and case_id = '${body.caseId}'`),
    ).toBe(1);
    const other = await newAccount(h);
    expect((await askFor(other.accountId, asked)).status).toBe(422);
    expect(await count(h, 'passwords', other.accountId, 'change_required_at is not null'), 'nothing half-done').toBe(0);
  });

  it('tells a frozen owner without a link that would not work, and of the freeze first', async () => {
    const { accountId, email } = await newAccount(h);
    await freezeByAgent(h, agent, accountId);
    await askFor(accountId);
    const mail = (await h.mails(email)).find(({ subject }) => subject.includes('set a new password'));
    expect(mail?.text).not.toContain('/reset#token=');
    const held = await signIn(h, email);
    expect([held.code, typeof held.caseToken], 'the case is the only way in').toEqual(['account-held', 'string']);
    const access = await h.post('/v1/auth/case-access', { identifier: email, password: PASSWORD });
    expect(access.status).toBe(200);
  });

  it.each([
    ['auditor', 403],
    ['lead', 200],
    ['admin', 200],
  ] as const)('V8.2.1 as %s is answered %i', async (role, status) => {
    const { accountId } = await newAccount(h);
    const { accessToken } = await newAgent(h, role);
    expect((await askFor(accountId, {}, accessToken)).status).toBe(status);
    expect(await count(h, 'passwords', accountId, 'change_required_at is not null')).toBe(status === 200 ? 1 : 0);
  });

  it('is let in by an agent’s token alone, and told where there is no such account', async () => {
    const owner = await newSignedIn(h);
    expect((await askFor(owner.accountId, {}, owner.accessToken)).status).toBe(401);
    expect((await askFor('0198c0de-0000-7000-8000-000000000000')).status).toBe(404);
    expect((await askFor(owner.accountId, { note: '' })).status).toBe(422);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(200);
  });

  it('stops sign-ins that are under way: of sixteen around it none keeps a session', async () => {
    const owner = await newSignedIn(h);
    const { deviceToken } = owner;
    const around = Array.from({ length: 16 }, () => signIn(h, owner.email, { deviceToken }));
    const [answer] = await Promise.all([askFor(owner.accountId), ...around]);
    expect(answer.status).toBe(200);
    expect(await count(h, 'sessions', owner.accountId, 'ended_at is null')).toBe(0);
  });
});
