import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enrolTotp, type Harness, newAgent, newOwner, openHarness, someAddress, totpCode } from './support/harness.ts';
import { count, freezeByAgent, hostKey, newAccount, newSignedIn, signIn } from './support/seed.ts';

const MINUTE = 60_000;

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

type Agent = Awaited<ReturnType<typeof newAgent>>;
const signInAgent = (agent: Agent, more: object = {}) => {
  const code = totpCode(agent.totpSecret, h.clock.now());
  return h.post('/v1/agent/auth/sign-in', { email: agent.email, password: agent.password, code, ...more });
};

describe('an agent', () => {
  it('V6.3.8 gets one answer for a wrong password, a wrong code, a spent code and an unknown address', async () => {
    const agent = await newAgent(h);
    const headers = { 'x-request-id': 'the-same-for-all' };
    const code = totpCode(agent.totpSecret, h.clock.now());
    const right = { email: agent.email, password: agent.password, code };
    const wrongs = [
      right,
      { ...right, password: 'not the right one at all' },
      { ...right, code: '000000' },
      { ...right, email: 'nobody@example.com' },
    ];
    const answers = await Promise.all(wrongs.map((body) => h.post('/v1/agent/auth/sign-in', body, { headers })));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.body.code).toBe('invalid-credentials');
  });

  it('is locked out after thirty failures, wherever they come from, and let in after the lock', async () => {
    const agent = await newAgent(h);
    for (let guess = 0; guess < 30; guess++) await signInAgent(agent, { password: 'not the right one at all' });
    h.clock.advance(MINUTE);
    const locked = await signInAgent(agent);
    expect([locked.status, locked.body.code]).toEqual([429, 'too-many-attempts']);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(60);
    const unknown = { ...agent, email: `x${agent.email}` };
    for (let guess = 0; guess < 30; guess++) await signInAgent(unknown, { password: 'not the right one at all' });
    expect((await signInAgent(unknown)).body.code).toBe('too-many-attempts');
    h.clock.advance(15 * MINUTE);
    expect((await signInAgent(agent)).status).toBe(200);
  });

  it('has a quarter of an hour without a sign of life, and half a day in all', async () => {
    const agent = await newAgent(h);
    let { refreshToken } = agent;
    const refresh = async () => {
      const answer = await h.post('/v1/agent/auth/refresh', { refreshToken });
      refreshToken = answer.body.refreshToken ?? refreshToken;
      return answer;
    };
    for (let minutes = 0; minutes < 12 * 60 - 10; minutes += 10) {
      h.clock.advance(10 * MINUTE);
      const { status, body } = await refresh();
      expect(status, `after ${minutes + 10} minutes`).toBe(200);
      expect((await h.get('/v1/agent/cases', body.accessToken)).status).toBe(200);
    }
    h.clock.advance(10 * MINUTE);
    expect((await refresh()).body.code).toBe('invalid-refresh-token');
    const idle = await newAgent(h);
    h.clock.advance(15 * MINUTE);
    const late = await h.post('/v1/agent/auth/refresh', { refreshToken: idle.refreshToken });
    expect(late.body.code).toBe('invalid-refresh-token');
  });

  it('V10.4.5 loses the session when a refresh token is used twice', async () => {
    const { refreshToken, accessToken } = await newAgent(h);
    const fresh = (await h.post('/v1/agent/auth/refresh', { refreshToken })).body;
    h.clock.advance(6_000);
    expect((await h.post('/v1/agent/auth/refresh', { refreshToken })).status).toBe(401);
    for (const token of [accessToken, fresh.accessToken]) {
      expect((await h.get('/v1/agent/cases', token)).status).toBe(401);
    }
  });

  it('is out at once when signed out or disabled', async () => {
    const leaving = await newAgent(h);
    expect((await h.post('/v1/agent/auth/sign-out', undefined, { token: leaving.accessToken })).status).toBe(204);
    expect((await h.get('/v1/agent/cases', leaving.accessToken)).status).toBe(401);
    const dismissed = await newAgent(h);
    await h.pool.query('update agents set disabled_at = $2 where id = $1', [dismissed.agentId, h.clock.now()]);
    expect((await h.get('/v1/agent/cases', dismissed.accessToken)).status).toBe(401);
    const refreshed = await h.post('/v1/agent/auth/refresh', { refreshToken: dismissed.refreshToken });
    expect(refreshed.status).toBe(401);
  });

  it('V9.2.3 is let in nowhere with another audience’s token', async () => {
    const { accessToken, refreshToken } = await newAgent(h);
    const owner = await newSignedIn(h);
    const key = await hostKey(h);
    const doors: Record<string, string> = {
      owner: '/v1/me',
      agent: '/v1/agent/cases',
      host: `/v1/server/accounts/${owner.accountId}`,
    };
    const tokens: Record<string, string> = { owner: owner.accessToken, agent: accessToken, host: key };
    for (const [who, token] of Object.entries(tokens)) {
      for (const [where, path] of Object.entries(doors)) {
        expect((await h.get(path, token)).status, `${who} at ${where}`).toBe(who === where ? 200 : 401);
      }
    }
    expect((await h.post('/v1/auth/refresh', { refreshToken })).status).toBe(401);
    expect((await h.post('/v1/agent/auth/refresh', { refreshToken: owner.refreshToken })).status).toBe(401);
  });

  it.each([
    ['auditor', { reads: 200, freezes: 403, replays: 403 }],
    ['agent', { reads: 200, freezes: 201, replays: 403 }],
    ['lead', { reads: 200, freezes: 201, replays: 404 }],
    ['admin', { reads: 200, freezes: 201, replays: 404 }],
  ] as const)('V8.2.1 as %s may do what the role includes, and what it refuses is an event', async (role, may) => {
    const agent = await newAgent(h, role);
    const { accountId } = await newAccount(h);
    const token = agent.accessToken;
    for (const path of ['accounts?q=nobody', `accounts/${accountId}`, 'cases', 'tickets', 'events', 'deliveries']) {
      expect((await h.get(`/v1/agent/${path}`, token)).status, path).toBe(may.reads);
    }
    const hold = { scope: 'payments', reasonCode: 'review', note: 'Checking' };
    const lesser = await h.post(`/v1/agent/accounts/${accountId}/holds`, hold, { token });
    const frozen = await freezeByAgent(h, agent, accountId);
    expect([lesser.status, frozen.status]).toEqual([may.freezes, may.freezes]);
    const note = { note: 'Asked' };
    const unlocked = await h.post(`/v1/agent/accounts/${accountId}/unlock`, note, { token });
    const revoked = await h.post(`/v1/agent/accounts/${accountId}/revoke-sessions`, note, { token });
    expect([unlocked.status, revoked.status]).toEqual(may.freezes === 201 ? [204, 200] : [403, 403]);
    const replay = `/v1/agent/deliveries/${accountId}/replay`;
    expect((await h.post(replay, undefined, { token })).status).toBe(may.replays);
    const refusals = await h.get(`/v1/agent/events?actor=${agent.agentId}&type=authorisation.failed`, token);
    const expected = (may.freezes === 403 ? 4 : 0) + (may.replays === 403 ? 1 : 0);
    expect(refusals.body.items).toHaveLength(expected);
    expect(await count(h, 'holds', accountId)).toBe(may.freezes === 201 ? 2 : 0);
  });
});

describe('the desk', () => {
  it('V14.2.6 finds an account by a whole value, masked, and never by a part', async () => {
    const { accessToken: token } = await newAgent(h);
    const externalId = `ext-${h.clock.now().getTime()}`;
    const { email, accountId } = await newAccount(h, { externalId, username: 'ana.lopez', phone: '+49301234567' });
    const ip = someAddress();
    await signIn(h, email, {}, { ip });
    for (const q of [email, email.toUpperCase(), 'ana.lopez', externalId, accountId, ip]) {
      const { items } = (await h.get(`/v1/agent/accounts?q=${encodeURIComponent(q)}`, token)).body;
      expect(
        items.map((item: { id: string }) => item.id),
        q,
      ).toEqual([accountId]);
      expect(items[0].email).toBe(`${email[0]}…@example.com`);
      expect(JSON.stringify(items)).not.toContain('301234567');
    }
    for (const q of [email.slice(0, 6), '%%%', 'ana', externalId.slice(0, 5), '___%', "' or 1=1 --"]) {
      expect((await h.get(`/v1/agent/accounts?q=${encodeURIComponent(q)}`, token)).body.items, q).toEqual([]);
    }
  });

  it('V16.3.2 records who read and who searched, before it answers', async () => {
    const agent = await newAgent(h);
    const { email, accountId } = await newAccount(h);
    await h.get(`/v1/agent/accounts?q=${email}`, agent.accessToken);
    await h.get(`/v1/agent/accounts/${accountId}`, agent.accessToken);
    const { items } = (await h.get(`/v1/agent/events?actor=${agent.agentId}`, agent.accessToken)).body;
    const types = items.map(({ type }: { type: string }) => type);
    expect(types).toEqual(expect.arrayContaining(['accounts.searched', 'account.read']));
    expect(JSON.stringify(items.filter(({ type }: { type: string }) => type === 'accounts.searched'))).not.toContain(
      email,
    );
  });

  it('shows one page of everything, and no secret of the account', async () => {
    const agent = await newAgent(h);
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    await signIn(h, owner.email, { password: 'not the right one at all' });
    await h.post('/v1/me/reports', { kind: 'scam', message: 'Help' }, { token: owner.accessToken });
    const page = await h.get(`/v1/agent/accounts/${owner.accountId}`, agent.accessToken);
    expect(page.body).toMatchObject({
      id: owner.accountId,
      email: owner.email,
      secondFactor: { totp: true, recoveryCodesLeft: 10 },
      holds: [{ scope: 'withdrawals', source: 'policy' }],
      sessions: [{ id: owner.sessionId }],
      cases: [{ kind: 'scam', priority: 'high', status: 'open' }],
      lockouts: [{ identifier: owner.email, failures: 1, lockedUntil: null }],
    });
    for (const hidden of [secret, owner.accessToken, owner.refreshToken, owner.deviceToken, 'argon2']) {
      expect(page.text).not.toContain(hidden);
    }
  });

  it('opens a lockout, and leaves the hold', async () => {
    const { accessToken: token } = await newAgent(h);
    const { email, accountId } = await newAccount(h);
    for (let guess = 0; guess < 5; guess++) await signIn(h, email, { password: 'not the right one at all' });
    expect((await signIn(h, email)).code).toBe('too-many-attempts');
    const hold = { scope: 'sign-in', reasonCode: 'review', note: 'Checking' };
    await h.post(`/v1/agent/accounts/${accountId}/holds`, hold, { token });
    await h.post(`/v1/agent/accounts/${accountId}/unlock`, { note: 'The owner called' }, { token });
    expect((await signIn(h, email)).code).toBe('account-held');
  });

  it('V7.4.5 ends every session of an account', async () => {
    const { accessToken: token } = await newAgent(h);
    const owner = await newSignedIn(h);
    await signIn(h, owner.email);
    const path = `/v1/agent/accounts/${owner.accountId}/revoke-sessions`;
    expect((await h.post(path, { note: 'Lost phone' }, { token })).body).toEqual({ ended: 2 });
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
    expect(await count(h, 'devices', owner.accountId)).toBe(0);
  });
});
