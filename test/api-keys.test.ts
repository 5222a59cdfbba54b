import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Scope, scopes } from '../src/api-keys/api-keys.ts';
import {
  type Answer,
  type Harness,
  newAgent,
  newApiKey,
  newOwner,
  type Owner,
  openHarness,
  someEmail,
} from './support/harness.ts';

let h: Harness;
let owner: Owner;
beforeAll(async () => {
  h = await openHarness();
  owner = await newOwner(h);
});
afterAll(() => h.close());

const transaction = () => ({
  transactionId: someEmail(),
  accountId: owner.accountId,
  kind: 'payment',
  amount: '1.00',
  currency: 'EUR',
});

/** Every call of the host, with the one scope it needs. */
const calls: [string, Scope, (token: string) => Promise<Answer>][] = [
  ['POST /accounts', 'accounts:write', (token) => h.post('/v1/server/accounts', { email: someEmail() }, { token })],
  ['GET /accounts/{id}', 'accounts:read', (token) => h.get(`/v1/server/accounts/${owner.accountId}`, token)],
  ['GET gate', 'accounts:read', (token) => h.get(`/v1/server/accounts/${owner.accountId}/gate?action=payment`, token)],
  ['POST introspect', 'sessions:read', (token) => h.post('/v1/server/sessions/introspect', { token: 'x' }, { token })],
  ['POST transactions', 'transactions:write', (token) => h.post('/v1/server/transactions', transaction(), { token })],
  [
    'POST freeze',
    'accounts:freeze',
    async (token) => {
      const { accountId } = await newOwner(h);
      const body = { reasonCode: 'other', note: 'asked for by phone' };
      return await h.post(`/v1/server/accounts/${accountId}/freeze`, body, { token });
    },
  ],
];

describe('an API key', () => {
  it.each(calls)('V8.2.1 opens %s with %s, and with all other scopes together not', async (_name, scope, call) => {
    const allowed = await call(await newApiKey(h, [scope]));
    expect(allowed.status).toBeLessThan(300);
    const rest = scopes.filter((other) => other !== scope);
    const refused = await call(await newApiKey(h, rest));
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
  });

  it('V16.3.2 that lacks the scope leaves an event', async () => {
    const apiKey = await newApiKey(h, ['accounts:read']);
    await h.post('/v1/server/accounts', { email: someEmail() }, { token: apiKey });
    const { rows } = await h.pool.query(
      `select e.detail from events e join api_keys k on k.id = e.actor_id
       where e.type = 'authorisation.failed' and k.scopes = '{accounts:read}'`,
    );
    expect(rows).toEqual([{ detail: { path: '/v1/server/accounts' } }]);
  });

  it('is refused when revoked, unknown, cut short or without its prefix', async () => {
    const apiKey = await newApiKey(h);
    const revoked = await newApiKey(h, ['events:write', 'accounts:read']);
    await h.pool.query(`update api_keys set revoked_at = created_at where scopes = '{events:write,accounts:read}'`);
    const path = `/v1/server/accounts/${owner.accountId}`;
    expect((await h.get(path, apiKey)).status).toBe(200);
    const tokens = [revoked, 'hf_sk_nobody-was-ever-given-this-one', apiKey.slice(0, -1), apiKey.slice(6), undefined];
    for (const token of tokens) {
      const { status, body, headers } = await h.get(path, token);
      expect([status, body.code, headers.get('www-authenticate')]).toEqual([401, 'unauthorized', 'Bearer']);
    }
  });

  it('V11.5.1 has 256 random bits and stands in the database as a hash alone', async () => {
    const apiKey = await newApiKey(h);
    expect(apiKey).toMatch(/^hf_sk_[\w-]{43}$/);
    const { rows } = await h.pool.query('select row_to_json(k)::text as row from api_keys k');
    for (const { row } of rows) expect(row).not.toContain(apiKey);
  });
});

describe('V8.3.1 a key that is to end', () => {
  const idOf = async () =>
    (await h.pool.query('select id from api_keys order by id desc limit 1')).rows[0].id as string;
  const read = (token: string) => h.get(`/v1/server/accounts/${owner.accountId}`, token);

  it('is listed without what it opens by, and revoked at once by an admin, once among sixteen', async () => {
    const admin = await newAgent(h, 'admin');
    const key = await newApiKey(h, ['accounts:read']);
    const id = await idOf();
    const listed = await h.get('/v1/agent/api-keys', admin.accessToken);
    expect(listed.body.items[0]).toEqual({
      ...{ id, name: expect.any(String), scopes: ['accounts:read'] },
      ...{ createdAt: h.clock.now().toISOString(), revokedAt: null },
    });
    expect((await read(key)).status).toBe(200);

    const revoke = () => h.post(`/v1/agent/api-keys/${id}/revoke`, { note: 'Leaked' }, { token: admin.accessToken });
    const answers = await Promise.all(Array.from({ length: 16 }, revoke));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200));
    expect(answers[0]?.body.revokedAt).toBe(h.clock.now().toISOString());
    expect((await read(key)).status).toBe(401);
    const sql = "select actor_id, detail from events where type = 'api-key.revoked' and detail->>'apiKeyId' = $1";
    const { rows } = await h.pool.query(sql, [id]);
    expect(rows).toEqual([{ actor_id: admin.agentId, detail: expect.objectContaining({ note: 'Leaked' }) }]);
  });

  it('V8.2.1 is nobody’s but an admin’s to see or end', async () => {
    const key = await newApiKey(h, [...scopes]);
    const id = await idOf();
    const lead = await newAgent(h, 'lead');
    for (const [token, status] of [
      [lead.accessToken, 403],
      [owner.accessToken, 401],
      [key, 401],
    ] as const) {
      expect((await h.get('/v1/agent/api-keys', token)).status).toBe(status);
      expect((await h.post(`/v1/agent/api-keys/${id}/revoke`, { note: 'x' }, { token })).status).toBe(status);
    }
    expect((await read(key)).status).toBe(200);
  });

  it('must be one that there is, for a reason', async () => {
    const { accessToken: token } = await newAgent(h, 'admin');
    await newApiKey(h, ['accounts:read']);
    const path = `/v1/agent/api-keys/${await idOf()}/revoke`;
    expect((await h.post(path, {}, { token })).body.errors).toMatchObject([{ pointer: '/note' }]);
    expect((await h.post(`/v1/agent/api-keys/${owner.accountId}/revoke`, { note: 'x' }, { token })).status).toBe(404);
    expect((await h.post('/v1/agent/api-keys/7/revoke', { note: 'x' }, { token })).status).toBe(422);
  });
});
