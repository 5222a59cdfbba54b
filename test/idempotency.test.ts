import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, newApiKey, openHarness, PASSWORD, someEmail } from './support/harness.ts';
import { count, hostKey, newAccount, reason } from './support/seed.ts';

const DAY = 86_400_000;

let h: Harness;
let token: string;
beforeAll(async () => {
  h = await openHarness();
  token = await hostKey(h);
});
afterAll(() => h.close());

const create = (body: unknown, key: string, as = token) =>
  h.post('/v1/server/accounts', body, { token: as, headers: { 'idempotency-key': key } });

async function accountsWith(email: string): Promise<number> {
  return (await h.pool.query('select 1 from accounts where email = $1', [email])).rows.length;
}

describe('an idempotency key', () => {
  it('has one effect and one answer, which says that it is a repetition', async () => {
    const body = { email: someEmail() };
    const first = await create(body, 'once');
    const again = await create(body, 'once');
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.text).toBe(first.text);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('content-type')).toContain('application/json');
    expect(await accountsWith(body.email)).toBe(1);
  });

  it('keeps refusals too, and answers without a body', async () => {
    const { email } = await newAccount(h);
    const first = await create({ email }, 'refused');
    const again = await create({ email }, 'refused');
    expect([first.status, first.body.code]).toEqual([409, 'account-exists']);
    expect([again.status, again.text]).toEqual([409, first.text]);
    expect(again.headers.get('content-type')).toContain('application/problem+json');
    const agent = await newAgent(h);
    const { accountId } = await newAccount(h);
    const call = { token: agent.accessToken, headers: { 'idempotency-key': 'no-body' } };
    for (let time = 0; time < 2; time++) {
      const { status, text } = await h.post(`/v1/agent/accounts/${accountId}/unlock`, { note: 'Asked' }, call);
      expect([status, text]).toEqual([204, '']);
    }
    expect(await count(h, 'events', accountId, "type = 'sign-in.unlocked'")).toBe(1);
  });

  it('refuses another body, and another path', async () => {
    const body = { email: someEmail() };
    await create(body, 'reused');
    const other = await create({ email: someEmail() }, 'reused');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    const call = { token, headers: { 'idempotency-key': 'reused' } };
    const elsewhere = await h.post('/v1/server/sessions/introspect', body, call);
    expect(elsewhere.body.code).toBe('idempotency-key-reused');
  });

  it('makes one effect of sixteen at once; whoever comes meanwhile is told to wait', async () => {
    const body = { email: someEmail(), password: PASSWORD };
    const answers = await Promise.all(Array.from({ length: 16 }, () => create(body, 'sixteen')));
    expect(await accountsWith(body.email)).toBe(1);
    const ours = answers.filter(({ status }) => status === 201);
    expect(new Set(ours.map(({ text }) => text)).size).toBe(1);
    const others = answers.filter(({ status }) => status !== 201);
    expect(others.length).toBeGreaterThan(0);
    for (const answer of others) {
      expect([answer.status, answer.body.code]).toEqual([409, 'idempotency-key-in-flight']);
      expect(answer.headers.get('retry-after')).toBe('1');
    }
  });

  it('is free again a minute after its request was lost in a crash', async () => {
    const body = { email: someEmail() };
    await create(body, 'lost');
    await h.pool.query("update idempotency_keys set answer = null, status = null where key = 'lost'");
    await h.pool.query('delete from identifiers where value = $1', [body.email]);
    expect((await create(body, 'lost')).body.code).toBe('idempotency-key-in-flight');
    h.clock.advance(60_000);
    expect((await create(body, 'lost')).status).toBe(201);
  });

  it('belongs to one caller', async () => {
    const body = { email: someEmail() };
    const other = await newApiKey(h);
    await create(body, 'shared');
    expect((await create({ email: someEmail() }, 'shared', other)).status).toBe(201);
    const agent = await newAgent(h);
    const { accountId } = await newAccount(h);
    const call = { token: agent.accessToken, headers: { 'idempotency-key': 'shared' } };
    expect((await h.post(`/v1/agent/accounts/${accountId}/freeze`, reason, call)).status).toBe(201);
  });

  it('is forgotten after 24 hours', async () => {
    const body = { email: someEmail() };
    const first = await create(body, 'daily');
    h.clock.advance(DAY);
    expect((await create(body, 'daily')).text).toBe(first.text);
    h.clock.advance(1);
    expect((await create(body, 'daily')).body.code).toBe('account-exists');
  });

  it('keeps no failure of ours: it may be tried again', async () => {
    const body = { email: someEmail() };
    await h.pool.query(
      `create function fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`,
    );
    await h.pool.query('create trigger failing before insert on accounts for each row execute function fail()');
    const failed = await create(body, 'retried');
    await h.pool.query('drop trigger failing on accounts');
    expect(failed.status).toBe(500);
    expect((await create(body, 'retried')).status).toBe(201);
  });

  it('V11.5.1 keeps answer and request in a form that neither reads nor lets a password be guessed', async () => {
    const body = { email: someEmail(), password: `${PASSWORD} ${randomUUID()}` };
    const text = JSON.stringify(body);
    await create(body, 'sealed');
    const { rows } = await h.pool.query("select request_hash, answer from idempotency_keys where key = 'sealed'");
    expect(rows[0].answer).not.toContain(body.email);
    expect(Buffer.from(rows[0].answer.split('.')[1], 'base64url').toString('latin1')).not.toContain(body.email);
    for (const guess of [text, `POST /v1/server/accounts\n${text}`, `POST/v1/server/accounts${text}`]) {
      expect(rows[0].request_hash.equals(createHash('sha256').update(guess).digest())).toBe(false);
    }
  });

  it.each(['with a space', '', 'ü', 'x'.repeat(256)])('is refused when it is malformed: %j', async (key) => {
    const email = someEmail();
    expect((await create({ email }, key)).body.code).toBe('invalid-request');
    expect(await accountsWith(email)).toBe(0);
  });
});
