import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, newApiKey, openHarness, PASSWORD, type TestAgent } from './support/harness.ts';
import { enrol, hostKey, newAccount, newSignedIn, type SignedIn } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
let key: string;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
  key = await hostKey(h);
});
afterAll(() => h.close());

const NOTE = 'we think she is part of the ring around Marek';

async function live(): Promise<SignedIn & { recoveryCodes: string[]; secret: string }> {
  const owner = await newSignedIn(h, { username: `ana.${Date.now()}`, externalId: `c-${Date.now()}` });
  const factor = await enrol(h, owner.accessToken);
  const { accountId } = owner;
  const payment = { transactionId: `t-${accountId}`, accountId, kind: 'payment', amount: '5.00', currency: 'EUR' };
  await h.post('/v1/server/transactions', { ...payment, payee: { id: 'p-1', name: 'Baker' } }, { token: key });
  await h.post('/v1/me/reports', { kind: 'complaint', message: 'The fee was wrong' }, { token: owner.accessToken });
  const hold = { scope: 'withdrawals', reasonCode: 'review', note: NOTE };
  await h.post(`/v1/agent/accounts/${accountId}/holds`, hold, { token: agent.accessToken });
  await h.get(`/v1/agent/accounts/${accountId}`, agent.accessToken);
  await h.pool.query(
    `insert into case_messages (id, case_id, author_kind, kind, is_proven, body, created_at)
     select gen_random_uuid(), id, 'agent', 'note', true, $2, now() from cases where account_id = $1`,
    [accountId, NOTE],
  );
  await h.mails();
  return { ...owner, ...factor };
}

describe('an export of one account', () => {
  it('holds everything about the person: GDPR 15', async () => {
    const owner = await live();
    const { status, body, headers } = await h.get('/v1/me/export', owner.accessToken);
    expect(status).toBe(200);
    expect(headers.get('content-disposition')).toBe(`attachment; filename="account-${owner.accountId}.json"`);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body.account).toMatchObject({ id: owner.accountId, email: owner.email, locale: 'en' });
    expect(body.identifiers.map((row: { kind: string }) => row.kind).sort()).toEqual(['email', 'username']);
    expect(body.sessions).toMatchObject([{ id: owner.sessionId, acr: 'aal2' }]);
    expect(body.devices).toHaveLength(1);
    expect(body.secondFactors).toHaveLength(11);
    expect(body.cases).toMatchObject([{ kind: 'complaint' }]);
    expect(body.messages).toMatchObject([{ from: 'owner', body: 'The fee was wrong' }]);
    expect(body.receipts).toHaveLength(1);
    expect(body.transactions).toMatchObject([{ amount: '5.00', payeeName: 'Baker', decision: 'allow' }]);
    expect(body.holds).toContainEqual(
      expect.objectContaining({ scope: 'withdrawals', reasonCode: 'review', message: null }),
    );
    expect(body.mails.map((row: { about: string }) => row.about)).toContain('totp-added');
    const types = body.activity.map((row: { type: string }) => row.type);
    expect(types).toEqual(
      expect.arrayContaining(['account.created', 'sign-in.succeeded', 'totp.confirmed', 'account.read']),
    );
    expect(body.activity.find((row: { type: string }) => row.type === 'sign-in.succeeded').ip).toMatch(/^10\./);
  });

  it('V14.2.1 holds no secret, no note among agents, no agent and no score', async () => {
    const owner = await live();
    const { text } = await h.get('/v1/me/export', owner.accessToken);
    const { rows } = await h.pool.query(
      `select hash as secret from passwords where account_id = $1
       union all select secret from totp_factors where account_id = $1
       union all select code_hash from recovery_codes where account_id = $1`,
      [owner.accountId],
    );
    expect(rows.length).toBe(12);
    const secrets = [
      ...rows.map((row) => row.secret),
      ...owner.recoveryCodes,
      owner.secret,
      PASSWORD,
      owner.accessToken,
      owner.refreshToken,
      owner.deviceToken,
    ];
    for (const forbidden of [...secrets, NOTE, agent.agentId, agent.email, '"score"', '"reasons"'])
      expect(text).not.toContain(forbidden);
  });

  it('holds nothing of anybody else', async () => {
    const [one, other] = [await live(), await live()];
    const { text } = await h.get('/v1/me/export', one.accessToken);
    for (const theirs of [other.accountId, other.email, other.sessionId]) expect(text).not.toContain(theirs);
  });

  it('is written page after page, whole and in order, however much there is', async () => {
    const { accountId } = await newAccount(h);
    await h.pool.query(
      `insert into events (id, at, type, account_id, actor_kind)
       select gen_random_uuid(), now(), 'session.ended', $1, 'owner' from generate_series(1, 1200)`,
      [accountId],
    );
    const { body } = await h.get(`/v1/server/accounts/${accountId}/export`, key);
    const ids = body.activity.map((row: { id: string }) => row.id);
    expect(ids).toHaveLength(1202);
    expect(new Set(ids).size).toBe(1202);
    expect(ids).toEqual([...ids].sort());
  });

  it('V16.3.3 OW-LG1 is an event, and asks an owner for a recent sign-in (RFC 9470)', async () => {
    const owner = await newSignedIn(h);
    expect((await h.get('/v1/me/export', owner.accessToken)).status).toBe(200);
    const { rows } = await h.pool.query(
      "select actor_kind, detail from events where account_id = $1 and type = 'account.exported'",
      [owner.accountId],
    );
    expect(rows).toEqual([{ actor_kind: 'owner', detail: { by: 'owner' } }]);
    const told = (await h.mails(owner.email)).filter(({ subject }) => subject.startsWith('A copy of your'));
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toMatch(/\/freeze#token=/);
    h.clock.advance(16 * 60_000);
    const { accessToken } = (await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).body;
    const stale = await h.get('/v1/me/export', accessToken);
    expect([stale.status, stale.body.code]).toEqual([401, 'insufficient-authentication']);
    expect(stale.headers.get('www-authenticate')).toContain('insufficient_user_authentication');
  });

  it('V2.4.1 is given five times an hour', async () => {
    const owner = await newSignedIn(h);
    const answers = await Promise.all(Array.from({ length: 16 }, () => h.get('/v1/me/export', owner.accessToken)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(11);
  });

  it('is for a key with the scope, and for nobody else', async () => {
    const { accountId } = await newAccount(h);
    const path = `/v1/server/accounts/${accountId}/export`;
    expect((await h.get(path, await newApiKey(h, ['accounts:read', 'accounts:write']))).status).toBe(403);
    expect((await h.get(path)).status).toBe(401);
    expect((await h.get('/v1/me/export')).status).toBe(401);
    expect((await h.get('/v1/me/export', key)).status).toBe(401);
    expect((await h.get(`/v1/server/accounts/${crypto.randomUUID()}/export`, key)).status).toBe(404);
  });
});
