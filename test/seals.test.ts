import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { keepHouse } from '../src/housekeeping/housekeeping.ts';
import { sealEvents, verifySeals } from '../src/seals/seals.ts';
import { type Harness, newOwner, openHarness, PASSWORD, someEmail } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

/** Does what only the database's owner can: changes rows behind the trigger's back. */
async function tamper(own: Harness, sql: string): Promise<void> {
  await own.pool.query('alter table events disable trigger user');
  await own.pool.query(sql);
  await own.pool.query('alter table events enable trigger user');
}

/** Other databases of the server may have transactions open; the sealing waits for those, and so does this. */
async function sealAll(own: Harness): Promise<void> {
  await vi.waitFor(async () => {
    await sealEvents(own.instance.ctx);
    const { rows } = await own.pool.query(`select count(*)::int as left from events
      where not exists (select from seals where (last_tx, last_id) >= (events.tx, events.id))`);
    expect(rows[0].left).toBe(0);
  });
}

describe('the spine', () => {
  it('V16.4.2 refuses every change and deletion of events', async () => {
    await newOwner(h);
    await expect(h.pool.query("update events set type = 'nothing'")).rejects.toThrow('append-only');
    await expect(h.pool.query("update events set detail = '{}'")).rejects.toThrow('append-only');
    await expect(
      h.pool.query("update events set detail = '{}', ip = null, user_agent = null, salt = '', erased_hash = '\\x00'"),
    ).rejects.toThrow('append-only');
    await expect(h.pool.query('delete from events')).rejects.toThrow('append-only');
    await expect(h.pool.query('truncate events cascade')).rejects.toThrow('append-only');
  });

  it('leaves events of transactions still open for a later seal', async () => {
    await sealAll(h);
    const open = await h.pool.connect();
    await open.query('begin');
    await open.query(
      "insert into events (id, at, type, actor_kind) values (gen_random_uuid(), now(), 'session.ended', 'system')",
    );
    await h.post('/v1/auth/password-reset', { identifier: someEmail() });
    expect(await sealEvents(h.instance.ctx)).toBe(0);
    await open.query('commit');
    open.release();
    await sealAll(h);
    expect(await verifySeals(h.instance.ctx.db)).toMatchObject({ head: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('keeps its order when transaction numbers grow by a digit', async () => {
    const own = await openHarness();
    try {
      await own.pool.query(`insert into events (id, tx, at, type, actor_kind)
        select gen_random_uuid(), n::text::xid8, now(), 'session.ended', 'system' from generate_series(1, 120) n`);
      await sealAll(own);
      await newOwner(own);
      await sealAll(own);
      expect(await verifySeals(own.instance.ctx.db)).toHaveProperty('head');
    } finally {
      await own.close();
    }
  });

  it('verifies after the detail of an event was erased', async () => {
    await sealAll(h);
    await h.pool.query(`update events set detail = '{}', ip = null, user_agent = null, salt = '',
      erased_hash = sha256(salt || convert_to(concat_ws(E'\\n', detail::text, coalesce(host(ip), ''), coalesce(user_agent, '')), 'utf8'))
      where id = (select id from events where user_agent is null and ip is not null limit 1)`);
    expect(await verifySeals(h.instance.ctx.db)).toHaveProperty('head');
  });

  it.each([
    [
      'an edited detail',
      `update events set detail = '{"reason":"wrong-code"}' where id = (select id from events order by tx, id limit 1)`,
    ],
    [
      'a changed account',
      'update events set account_id = gen_random_uuid() where id = (select id from events order by tx, id limit 1)',
    ],
    [
      'an event slipped in',
      `insert into events (id, tx, at, type, actor_kind)
       values (gen_random_uuid(), (select min(tx::text::bigint)::text::xid8 from events), now(), 'session.ended', 'system')`,
    ],
    [
      'an erasure with values left',
      `update events set erased_hash = sha256(salt || convert_to(concat_ws(E'\\n', detail::text, coalesce(host(ip), ''),
       coalesce(user_agent, '')), 'utf8')) where id = (select id from events order by tx, id limit 1)`,
    ],
    [
      'a deleted event',
      'delete from events where id = (select id from events where id not in (select event_id from deliveries) order by tx, id limit 1)',
    ],
  ])('sees %s', async (_what, sql) => {
    const own = await openHarness();
    try {
      await newOwner(own);
      // Once all of them can be sealed, under one seal.
      await sealAll(own);
      await own.pool.query('delete from seals');
      await sealAll(own);
      expect(await verifySeals(own.instance.ctx.db)).toHaveProperty('head');
      await tamper(own, sql);
      expect(await verifySeals(own.instance.ctx.db)).toHaveProperty('brokenAt', 1);
    } finally {
      await own.close();
    }
  });

  it('keeps house: sign-ups, counters, sessions and links that have no use any more are gone', async () => {
    await newOwner(h);
    await h.post('/v1/auth/sign-up', { email: someEmail(), password: PASSWORD });
    await h.post('/v1/auth/sign-in', { identifier: someEmail(), password: PASSWORD });
    h.clock.advance(40 * 24 * 3_600_000);
    await keepHouse(h.instance.ctx);
    for (const table of ['sign_ups', 'attempt_counters', 'sessions', 'links', 'challenges']) {
      const { rows } = await h.pool.query(`select count(*)::int as left from ${table}`);
      expect([table, rows[0].left]).toEqual([table, 0]);
    }
  });
});
