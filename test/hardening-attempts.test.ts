import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { keepHouse } from '../src/housekeeping/housekeeping.ts';
import { capCounters } from '../src/housekeeping/queries.ts';
import { counterKey } from '../src/lockout/attempts.ts';
import {
  enrolTotp,
  type Harness,
  newAgent,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  someAddress,
  someEmail,
  tokenIn,
  totpCode,
} from './support/harness.ts';
import { count } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());
afterEach(() => vi.restoreAllMocks());

const HOUR = 3_600_000;
const signIn = (owner: Owner, extra: object = {}) =>
  h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, ...extra });
const plus = (ms: number) => new Date(h.clock.now().getTime() + ms);

/** Attempts that a process took with it when it died half a minute ago. */
async function loseAttempts(key: Buffer, times: number): Promise<void> {
  await h.pool.query(
    `insert into attempt_counters (key, in_flight, touched_at) values ($1, $2, $3)
     on conflict (key) do update set in_flight = $2, touched_at = $3`,
    [key, Array(times).fill(plus(-31_000)), plus(-31_000)],
  );
}

const events = (accountId: string, type: string) => count(h, 'events', accountId, `type = '${type}'`);

describe('hole: a lock from attempts that a crash lost is recorded nowhere', () => {
  it('the owner gets the mail that lets them in, once', async () => {
    const owner = await newOwner(h);
    await loseAttempts(counterKey(h.instance.ctx, 'identifier', owner.email), 5);
    for (let n = 0; n < 3; n++) expect((await signIn(owner)).status).toBe(429);
    expect(await events(owner.accountId, 'sign-in.locked')).toBe(1);
    expect(tokenIn((await h.mails(owner.email))[0], 'unlock')).toMatch(/^hf_ln_/);
  });

  it('so for the second factor', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    await loseAttempts(counterKey(h.instance.ctx, 'totp', `${owner.accountId}:`), 10);
    const { challenge } = (await signIn(owner)).body;
    const answer = { challenge, factor: 'totp', code: totpCode(secret, h.clock.now()) };
    for (let n = 0; n < 2; n++) expect((await h.post('/v1/auth/second-factor', answer)).status).toBe(429);
    expect(await events(owner.accountId, 'second-factor.locked')).toBe(1);
  });

  it('and nothing is kept of an identifier nobody has', async () => {
    const before = (await h.pool.query('select count(*)::int as n from events')).rows[0].n;
    const unknown = someEmail();
    await loseAttempts(counterKey(h.instance.ctx, 'identifier', unknown), 5);
    const refused = await h.post('/v1/auth/sign-in', { identifier: unknown, password: PASSWORD });
    expect(refused.headers.get('retry-after')).toBe('900');
    expect((await h.pool.query('select count(*)::int as n from events')).rows[0].n).toBe(before);
  });
});

describe('hole: trouble of the service counts as the owner’s failures', () => {
  const trouble = () => new Error('connection lost');

  it('while the password is checked', async () => {
    const owner = await newOwner(h);
    const { hasher } = h.instance.ctx;
    for (let n = 0; n < 5; n++) {
      vi.spyOn(hasher, 'verify').mockRejectedValueOnce(trouble());
      expect((await signIn(owner)).status).toBe(500);
    }
    h.clock.advance(31_000);
    expect((await signIn(owner)).status).toBe(200);
  });

  it('and after the password and the code were right', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const code = totpCode(secret, h.clock.now());
    for (let n = 0; n < 10; n++) {
      vi.spyOn(h.instance.ctx.signer, 'sign').mockImplementationOnce(() => {
        throw trouble();
      });
      expect((await signIn(owner, { code })).status).toBe(500);
    }
    expect((await signIn(owner, { code })).status, 'nor is the code spent').toBe(200);
    h.clock.advance(31_000);
    expect((await signIn(owner, { code: totpCode(secret, h.clock.now()) })).status).toBe(200);
    expect(await events(owner.accountId, 'second-factor.locked')).toBe(0);
  });

  it('but a wrong guess that could not be recorded keeps its place, or trouble would make guessing free', async () => {
    const owner = await newOwner(h);
    await h.pool.query(`create function break() returns trigger language plpgsql as $$ begin raise 'full'; end $$`);
    await h.pool.query(`create trigger break before insert on events for each row
      when (new.type = 'sign-in.failed') execute function break()`);
    for (let n = 0; n < 5; n++) expect((await signIn(owner, { password: 'a wrong password' })).status).toBe(500);
    await h.pool.query('drop trigger break on events');
    expect((await signIn(owner)).status).toBe(429);
  });
});

describe('hole: anyone can lock an agent out', () => {
  const signInAgent = (body: object, ip: string) => h.post('/v1/agent/auth/sign-in', body, { ip });
  const wrong = { password: 'a wrong password', code: '000000' };

  it('five wrong tries from one address lock that address, not the agent at theirs', async () => {
    const agent = await newAgent(h);
    h.clock.advance(30_000);
    for (let n = 0; n < 5; n++) {
      expect((await signInAgent({ email: agent.email, ...wrong }, '203.0.113.1')).status).toBe(401);
    }
    const right = () => {
      const code = totpCode(agent.totpSecret, h.clock.now());
      return { email: agent.email, password: agent.password, code };
    };
    expect((await signInAgent(right(), '203.0.113.1')).body.code).toBe('too-many-attempts');
    expect((await signInAgent(right(), '198.51.100.1')).status).toBe(200);
    const typed = { email: `198.51.100.1 ${agent.email}`, ...wrong };
    for (let n = 0; n < 30; n++) await signInAgent(typed, someAddress());
    h.clock.advance(30_000);
    expect((await signInAgent(right(), '198.51.100.1')).status, 'nor by typing what a counter is called').toBe(200);
  });

  it('thirty from many addresses lock everybody, known or not', async () => {
    const agent = await newAgent(h);
    for (const email of [agent.email, someEmail()]) {
      for (let n = 0; n < 30; n++) expect((await signInAgent({ email, ...wrong }, someAddress())).status).toBe(401);
      const refused = await signInAgent({ email, ...wrong }, someAddress());
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '900']);
    }
  });

  it('trouble of the service is no failure of theirs', async () => {
    const agent = await newAgent(h);
    h.clock.advance(30_000);
    for (let n = 0; n < 5; n++) {
      vi.spyOn(h.instance.ctx.staffHasher, 'verify').mockRejectedValueOnce(new Error('no thread'));
      expect((await signInAgent({ email: agent.email, ...wrong }, '203.0.113.2')).status).toBe(500);
    }
    h.clock.advance(31_000);
    const right = { email: agent.email, password: agent.password, code: totpCode(agent.totpSecret, h.clock.now()) };
    expect((await signInAgent(right, '203.0.113.2')).status).toBe(200);
  });

  it('what was typed for an address is kept only where it names an agent', async () => {
    const agent = await newAgent(h);
    const typed = 'My-Secret-Password-1';
    for (const email of [agent.email, typed]) await signInAgent({ email, ...wrong }, someAddress());
    const { rows } = await h.pool.query(`select detail from events where type = 'agent.sign-in-failed'`);
    const kept = JSON.stringify(rows).toLowerCase();
    expect(kept).toContain(agent.email);
    expect(kept).not.toContain(typed.toLowerCase());
  });
});

describe('hole: housekeeping opens locked doors', () => {
  async function insertCounter(touchedAt: Date, blockedUntil: Date | null): Promise<Buffer> {
    const key = counterKey(h.instance.ctx, 'identifier', someEmail());
    const sql = 'insert into attempt_counters (key, locks, touched_at, blocked_until) values ($1, 7, $2, $3)';
    await h.pool.query(sql, [key, touchedAt, blockedUntil]);
    return key;
  }
  const isKept = async (key: Buffer) =>
    (await h.pool.query('select from attempt_counters where key = $1', [key])).rowCount === 1;

  it('a long block that ended an hour ago still counts for the next one', async () => {
    const ended = await insertCounter(plus(-25 * HOUR), plus(-1 * HOUR));
    const quiet = await insertCounter(plus(-49 * HOUR), plus(-25 * HOUR));
    await keepHouse(h.instance.ctx);
    expect([await isKept(ended), await isKept(quiet)]).toEqual([true, false]);
  });

  it('a flood of made-up identifiers pushes out no lock', async () => {
    const locked = await insertCounter(plus(-HOUR), plus(HOUR));
    const open = await insertCounter(plus(-HOUR), null);
    await capCounters(h.instance.ctx.db, 0, h.clock.now());
    expect([await isKept(locked), await isKept(open)]).toEqual([true, false]);
  });
});
