import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reencrypt } from '../src/keys/reencrypt.ts';
import { rotateKey } from '../src/keys/rotate.ts';
import { tendKeys } from '../src/keys/tend.ts';
import {
  enrolTotp,
  type Harness,
  newAgent,
  newApiKey,
  newOwner,
  openHarness,
  PASSWORD,
  someEmail,
  type TestAgent,
  tokenIn,
  totpCode,
} from './support/harness.ts';
import { holding, untilWaiting } from './support/races.ts';

const [MINUTE, DAY] = [60_000, 86_400_000];
const operator = { kind: 'system' } as const;
let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const rotate = (purpose: 'encryption' | 'hashing') => rotateKey(h.instance.ctx, purpose, { atOnce: false }, operator);
const keyIds = async (purpose: string) =>
  (await h.pool.query('select id from keys where purpose = $1 order by used_from', [purpose])).rows.map(({ id }) => id);

/** In which columns of the whole database something lies that this key sealed. */
async function columnsSealedBy(keyId: string): Promise<string[]> {
  const { rows } = await h.pool.query(
    `select table_name, column_name from information_schema.columns
     where table_schema = 'public' and data_type in ('text', 'character varying', 'jsonb')`,
  );
  const found = await Promise.all(
    rows.map(async ({ table_name: table, column_name: column }) => {
      const hits = await h.pool.query(`select 1 from "${table}" where "${column}"::text like $1 limit 1`, [
        `%${keyId}.%`,
      ]);
      return hits.rows.length > 0 ? [`${table}.${column}`] : [];
    }),
  );
  return found.flat().sort();
}

async function secondFactor(email: string, secret: string): Promise<number> {
  const { challenge } = (await h.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD })).body;
  const code = totpCode(secret, h.clock.now());
  const { status } = await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code });
  h.clock.advance(30_000);
  return status;
}

async function agentSignIn(agent: TestAgent): Promise<number> {
  const { email, password } = agent;
  const code = totpCode(agent.totpSecret, h.clock.now());
  return (await h.post('/v1/agent/auth/sign-in', { email, password, code })).status;
}

describe('V11.2.2 a new encryption key', () => {
  const all = ['agents.totp_secret', 'idempotency_keys.answer', 'totp_factors.secret'];

  it('takes over a minute later, reads what the old one wrote, and then writes everything anew', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const agent = await newAgent(h);
    const token = await newApiKey(h);
    const made = { email: someEmail() };
    const create = () => h.post('/v1/server/accounts', made, { token, headers: { 'idempotency-key': 'kept' } });
    const answer = (await create()).body;
    const [first] = await keyIds('encryption');
    expect(await columnsSealedBy(first)).toEqual(all);

    const { keyId, usedFrom } = await rotate('encryption');
    expect(+usedFrom).toBe(+h.clock.now() + MINUTE);
    expect((await rotate('encryption')).isNew).toBe(false);
    await newAgent(h);
    expect(await reencrypt(h.instance.ctx)).toBe(0);
    expect(await columnsSealedBy(keyId)).toEqual([]);

    h.clock.advance(MINUTE);
    const another = await newAgent(h);
    expect(await columnsSealedBy(keyId)).toEqual(['agents.totp_secret']);
    expect([await secondFactor(owner.email, secret), await agentSignIn(agent)]).toEqual([200, 200]);
    expect((await create()).body).toEqual(answer);

    const counts = await Promise.all(Array.from({ length: 4 }, () => reencrypt(h.instance.ctx)));
    expect(counts.reduce((sum, count) => sum + count)).toBe(4);
    expect([await columnsSealedBy(first), await columnsSealedBy(keyId)]).toEqual([[], all]);
    h.clock.advance(MINUTE);
    expect([await secondFactor(owner.email, secret), await agentSignIn(agent)]).toEqual([200, 200]);
    expect(await agentSignIn(another)).toBe(200);
    expect((await create()).body).toEqual(answer);
  });

  it('lets the old one go a day later, by itself', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const [first, second] = await keyIds('encryption');
    const { keyId } = await rotate('encryption');
    h.clock.advance(MINUTE);
    await tendKeys(h.instance.ctx);
    expect(await keyIds('encryption')).toEqual([first, second, keyId]);
    expect(await columnsSealedBy(second)).toEqual([]);
    h.clock.advance(DAY);
    await tendKeys(h.instance.ctx);
    expect(await keyIds('encryption')).toEqual([keyId]);
    expect(await secondFactor(owner.email, secret)).toBe(200);
  });

  it('leaves alone what somebody changes at that moment', async () => {
    const ofAgent = async () => (await h.pool.query('select id, totp_secret from agents order by id limit 1')).rows[0];
    const { id, totp_secret: before } = await ofAgent();
    await rotate('encryption');
    h.clock.advance(MINUTE);
    const change = 'update agents set totp_secret = $2 where id = $1';
    let run: Promise<number> | undefined;
    await holding(h, change, [id, `${before}changed`], async () => {
      run = reencrypt(h.instance.ctx);
      await untilWaiting(h, 1);
    });
    await run;
    expect((await ofAgent()).totp_secret).toBe(`${before}changed`);
    await h.pool.query(change, [id, before]);
    expect(await reencrypt(h.instance.ctx)).toBe(1);
    h.clock.advance(DAY);
    await tendKeys(h.instance.ctx);
  });

  it('never lets a key go that still opens something', async () => {
    const [second] = await keyIds('encryption');
    const { rows } = await h.pool.query('select id, totp_secret from agents limit 1');
    const { keyId } = await rotate('encryption');
    h.clock.advance(MINUTE + DAY);
    // A value that does not open, as after a bad restore, cannot be written anew.
    await h.pool.query('update agents set totp_secret = $2 where id = $1', [rows[0].id, `${second}.AAAA`]);
    await newOwner(h).then((owner) => enrolTotp(h, owner));
    await tendKeys(h.instance.ctx);
    expect(await columnsSealedBy(second)).toEqual(['agents.totp_secret']);
    expect(await keyIds('encryption')).toEqual([second, keyId]);
    await h.pool.query('update agents set totp_secret = $2 where id = $1', [rows[0].id, rows[0].totp_secret]);
    await tendKeys(h.instance.ctx);
    expect(await keyIds('encryption')).toEqual([keyId]);
  });
});

describe('DC-3 a new hashing key, for when the old one leaked', () => {
  it('voids whatever was derived from the old one, and people sign in again', async () => {
    const owner = await newOwner(h);
    const { refreshToken, deviceToken } = owner;
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const link = tokenIn((await h.mails(owner.email))[0], 'reset');
    await rotate('hashing');

    const refreshed = await h.post('/v1/auth/refresh', { refreshToken });
    expect([refreshed.status, refreshed.body.code]).toEqual([401, 'invalid-refresh-token']);
    const confirm = { token: link, newPassword: 'another long enough sentence' };
    const reset = await h.post('/v1/auth/password-reset/confirm', confirm);
    expect([reset.status, reset.body.code]).toEqual([400, 'invalid-token']);
    const again = { identifier: owner.email, password: PASSWORD, deviceToken };
    const signedIn = (await h.post('/v1/auth/sign-in', again)).body;
    const { rows } = await h.pool.query(
      "select 1 from events where type = 'device.added' and account_id = $1 and session_id = $2",
      [owner.accountId, signedIn.sessionId],
    );
    expect(rows).toHaveLength(1);
    expect((await h.post('/v1/auth/refresh', { refreshToken: signedIn.refreshToken })).status).toBe(200);

    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const fresh = tokenIn((await h.mails(owner.email))[0], 'reset');
    const ok = await h.post('/v1/auth/password-reset/confirm', { ...confirm, token: fresh });
    expect(ok.status).toBeLessThan(300);
  });
});

describe('V11.2.2 several authenticators', () => {
  it('are sealed anew together, each for its own row', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const token = owner.accessToken;
    const second = (await h.post('/v1/me/totp', { code: totpCode(secret, h.clock.now()) }, { token })).body.secret;
    await h.post('/v1/me/totp/confirm', { code: totpCode(second, h.clock.now()) }, { token });
    const sealed = async () =>
      (await h.pool.query('select secret from totp_factors where account_id = $1 order by id', [owner.accountId])).rows;
    const before = await sealed();
    const { keyId } = await rotate('encryption');
    h.clock.advance(MINUTE);
    await reencrypt(h.instance.ctx);
    const after = await sealed();
    expect(after).toHaveLength(2);
    for (const [n, { secret: value }] of after.entries()) {
      expect(value).toMatch(new RegExp(`^${keyId}\\.`));
      expect(value).not.toBe(before[n].secret);
    }
    expect([await secondFactor(owner.email, secret), await secondFactor(owner.email, second)]).toEqual([200, 200]);
    await h.pool.query(
      `update totp_factors set secret = (select o.secret from totp_factors o where o.account_id = $1 and o.id <> totp_factors.id)
       where account_id = $1`,
      [owner.accountId],
    );
    expect(await secondFactor(owner.email, secret), 'swapped, neither opens').toBeGreaterThan(400);
  });
});
