import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, newApiKey, openHarness } from './support/harness.ts';
import { count, freezeByAgent, hostKey, newAccount } from './support/seed.ts';

let h: Harness;
let token: string;
let accountId: string;
beforeAll(async () => {
  h = await openHarness();
  token = await hostKey(h);
  accountId = (await newAccount(h)).accountId;
});
afterAll(() => h.close());

const transaction = (more: Record<string, unknown> = {}) => ({
  transactionId: randomUUID(),
  accountId,
  kind: 'payment',
  amount: '12.34',
  currency: 'EUR',
  ...more,
});
const ask = (body: unknown) => h.post('/v1/server/transactions', body, { token });

async function newHeld(scope: string): Promise<string> {
  const account = await newAccount(h);
  const agent = await newAgent(h);
  const body = { scope, reasonCode: 'suspected-fraud', note: 'Looks odd' };
  await h.post(`/v1/agent/accounts/${account.accountId}/holds`, body, { token: agent.accessToken });
  return account.accountId;
}

describe('a transaction', () => {
  it('is decided before the money moves, and can be read again', async () => {
    const wanted = transaction({
      payee: { id: 'p-1', name: 'Shop' },
      ip: '2001:db8::1',
      occurredAt: '2026-01-02T03:04:05+02:00',
    });
    const { status, body } = await ask(wanted);
    expect(status).toBe(200);
    expect(body).toEqual({
      decision: 'allow',
      status: 'decided',
      score: 0,
      reasons: [],
      assessmentId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect((await h.get(`/v1/server/transactions/${wanted.transactionId}`, token)).body).toEqual(body);
    const { rows } = await h.pool.query('select * from transactions where transaction_id = $1', [wanted.transactionId]);
    expect(rows).toMatchObject([{ amount: '12.34', payee_id: 'p-1', occurred_at: new Date('2026-01-02T01:04:05Z') }]);
    expect(await count(h, 'events', accountId, `detail->>'transactionId' = '${wanted.transactionId}'`)).toBe(1);
  });

  it('has the same answer for the same fields, whatever their order or spelling', async () => {
    const wanted = transaction({ payee: { id: 'p-1', name: 'Shop' }, occurredAt: '2026-01-02T03:04:05Z' });
    const first = (await ask(wanted)).body;
    const turned = Object.fromEntries(Object.entries(wanted).reverse());
    expect((await ask({ ...turned, occurredAt: '2026-01-02T04:04:05+01:00' })).body).toEqual(first);
    h.clock.advance(86_400_000);
    expect((await ask(wanted)).body).toEqual(first);
    expect(await count(h, 'events', accountId, `detail->>'transactionId' = '${wanted.transactionId}'`)).toBe(1);
  });

  it('keeps its answer when a hold comes after it', async () => {
    const account = await newAccount(h);
    const wanted = transaction({ accountId: account.accountId });
    const first = (await ask(wanted)).body;
    await freezeByAgent(h, await newAgent(h), account.accountId);
    expect((await ask(wanted)).body).toEqual(first);
    expect((await ask({ ...wanted, transactionId: randomUUID() })).body.decision).toBe('deny');
  });

  it('PS-5.1 conflicts with its own id in any other field', async () => {
    const other = (await newAccount(h)).accountId;
    const wanted = transaction({ payee: { id: 'p-1' } });
    await ask(wanted);
    const changes = [
      { amount: '12.35' },
      { currency: 'USD' },
      { kind: 'withdrawal' },
      { accountId: other },
      { payee: { id: 'p-2' } },
      { payee: { id: 'p-1', name: 'Shop' } },
      { ip: '192.0.2.1' },
      { sessionId: randomUUID() },
      { deviceId: randomUUID() },
      { occurredAt: '2026-01-02T03:04:05Z' },
    ];
    for (const change of changes) {
      const { status, body } = await ask({ ...wanted, ...change });
      expect([status, body.code], JSON.stringify(change)).toEqual([409, 'transaction-conflict']);
    }
    expect((await ask(wanted)).body.decision).toBe('allow');
  });

  it.each([
    ['12.345', 'EUR', '/amount'],
    ['12.3', 'JPY', '/amount'],
    ['0', 'EUR', '/amount'],
    ['0.00', 'EUR', '/amount'],
    ['-1', 'EUR', '/amount'],
    ['1e3', 'EUR', '/amount'],
    ['1,5', 'EUR', '/amount'],
    [' 1', 'EUR', '/amount'],
    ['1.', 'EUR', '/amount'],
    ['.5', 'EUR', '/amount'],
    ['1234567890123456', 'EUR', '/amount'],
    [12.34, 'EUR', '/amount'],
    ['12.34', 'XYZ', '/currency'],
    ['12.34', 'eur', '/currency'],
  ])('V2.2.3 of %s %s is refused with a pointer to %s', async (amount, currency, pointer) => {
    const wanted = transaction({ amount, currency });
    const { status, body } = await ask(wanted);
    expect([status, body.code]).toEqual([422, 'invalid-request']);
    expect(body.errors.map((error: { pointer: string }) => error.pointer)).toEqual([pointer]);
    expect((await h.get(`/v1/server/transactions/${wanted.transactionId}`, token)).status).toBe(404);
  });

  it.each([
    ['12.345', 'KWD'],
    ['12', 'JPY'],
    ['123456789012345.99', 'EUR'],
    ['0.01', 'EUR'],
    ['007.50', 'EUR'],
  ])('of %s %s is taken', async (amount, currency) => {
    expect((await ask(transaction({ amount, currency }))).status).toBe(200);
  });

  it('is refused for an account that is unknown or closed, with a pointer', async () => {
    const closed = (await newAccount(h)).accountId;
    await h.pool.query('update accounts set closed_at = $2 where id = $1', [closed, h.clock.now()]);
    for (const nobody of [randomUUID(), closed]) {
      const { status, body } = await ask(transaction({ accountId: nobody }));
      expect([status, body.errors]).toEqual([422, [{ pointer: '/accountId', detail: expect.any(String) }]]);
    }
    expect((await h.get('/v1/server/transactions/nowhere', token)).body.code).toBe('not-found');
  });

  it.each([
    ['all', { payment: 'deny', withdrawal: 'deny', deposit: 'allow', refund: 'allow' }],
    ['payments', { payment: 'deny', withdrawal: 'deny', deposit: 'allow', refund: 'allow' }],
    ['withdrawals', { payment: 'allow', withdrawal: 'deny', deposit: 'allow', refund: 'allow' }],
    ['sign-in', { payment: 'allow', withdrawal: 'allow', deposit: 'allow', refund: 'allow' }],
  ])('under a hold on %s is decided by its kind, with reasons', async (scope, wanted) => {
    const held = await newHeld(scope);
    for (const [kind, decision] of Object.entries(wanted)) {
      const { body } = await ask(transaction({ accountId: held, kind }));
      const isDenied = decision === 'deny';
      expect(body, kind).toMatchObject({ decision, score: isDenied ? 100 : 0 });
      const reasons = [{ rule: 'hold:suspected-fraud', text: expect.stringContaining(scope) }];
      expect(body.reasons, kind).toEqual(isDenied ? reasons : []);
      expect(JSON.stringify(body), 'an agent’s note is nobody else’s').not.toContain('Looks odd');
    }
  });

  it('V2.3.4 makes one row of sixteen requests at once', async () => {
    const wanted = transaction();
    const answers = await Promise.all(Array.from({ length: 16 }, () => ask(wanted)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    const { rows } = await h.pool.query('select 1 from transactions where transaction_id = $1', [wanted.transactionId]);
    expect(rows).toHaveLength(1);
  });

  it('takes one of sixteen that differ and use one id, and tells the others', async () => {
    const { transactionId } = transaction();
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, cents) => ask(transaction({ transactionId, amount: `1.${10 + cents}` }))),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'transaction-conflict')).toHaveLength(15);
  });

  it('V8.2.1 needs the scope, and a refusal is an event', async () => {
    const poor = await newApiKey(h, ['accounts:read']);
    const answer = await h.post('/v1/server/transactions', transaction(), { token: poor });
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
    const { rows } = await h.pool.query("select actor_kind from events where type = 'authorisation.failed'");
    expect(rows).toEqual([{ actor_kind: 'host' }]);
  });
});
