import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weighEvents } from '../src/suspicions/weigh.ts';
import { type Harness, newAgent, newOwner, type Owner, openHarness, type TestAgent } from './support/harness.ts';
import { enrol, freezeByAgent, freezeLinkOf, hostKey, reason, signIn } from './support/seed.ts';

const MINUTE = 60_000;

let h: Harness;
let agent: TestAgent;
let tables: string[];
beforeAll(async () => {
  const policy = { 'rules.stolen-session': 'live', 'limits.mailPerRecipient': 1000 } as const;
  h = await openHarness({ policy, roles: ['api'] });
  agent = await newAgent(h);
  await hostKey(h);
  const sql = `select tablename from pg_tables where schemaname = 'public' order by 1`;
  tables = (await h.pool.query(sql)).rows.map(({ tablename }) => tablename).filter((name) => !counters.includes(name));
  await countWrites();
});
afterAll(() => h.close());

/** Kept beside every transaction: how often somebody called. */
const counters = ['rate_limits'];

/** Every row that any transaction writes is counted in it, and told of once it is committed; the one that is wanted fails. */
async function countWrites(): Promise<void> {
  await h.pool.query(`
    create schema faults;
    create table faults.writes (tx xid8, n int, what text);
    create table faults.wanted (n int);
    create function faults.count() returns trigger language plpgsql as $$
      declare nth int := coalesce(nullif(current_setting('faults.n', true), ''), '0')::int + 1;
      begin
        perform set_config('faults.n', nth::text, true);
        if exists (select from faults.wanted w where w.n = nth) then
          raise exception 'injected' using errcode = 'ZZ001';
        end if;
        insert into faults.writes values (pg_current_xact_id(), nth, tg_op || ' on ' || tg_table_name);
        return coalesce(new, old);
      end $$`);
  for (const table of tables) {
    await h.pool.query(`create trigger faults_count before insert or update or delete on ${table}
      for each row execute function faults.count()`);
  }
}

/** A fingerprint of every row of every table. */
async function everything(): Promise<Record<string, string>> {
  const of = (table: string) =>
    `select '${table}' as name, md5(string_agg(md5(t::text), '' order by t::text)) as sum from ${table} t`;
  const { rows } = await h.pool.query(tables.map(of).join(' union all '));
  return Object.fromEntries(rows.map(({ name, sum }) => [name, sum]));
}

type Target = Owner & { link: string; entryId: string };
type Press = (target: Target) => Promise<number>;

/** An owner with something of everything that a freeze ends, and with two entries of theirs in the spine that a rule goes by. */
async function newTarget(): Promise<Target> {
  const owner = await newOwner(h);
  await h.post('/v1/auth/password-reset', { identifier: owner.email });
  const link = await freezeLinkOf(h, owner.email);
  await enrol(h, owner.accessToken);
  await signIn(h, owner.email);
  const sql = `select id from events where account_id = $1 and type = 'device.added' order by id limit 1`;
  const { rows } = await h.pool.query(sql, [owner.accountId]);
  await h.mails();
  await weigh();
  return { ...owner, link, entryId: rows[0].id };
}

const statusOf = async (answer: Promise<{ status: number; text: string }>): Promise<number> => {
  const { status, text } = await answer;
  expect(text).not.toContain('injected');
  return status;
};

/** Until everything was read: a transaction of another file's database may still be open, and nobody passes it. */
async function weigh(): Promise<void> {
  for (;;) {
    await weighEvents(h.instance.ctx);
    const { rowCount } = await h.pool.query('select from events e, rule_cursor c where (e.tx, e.id) > (c.tx, c.id)');
    if (rowCount === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A copied session, and a stranger who signs in: what a rule freezes for. */
async function beRobbed({ accountId }: Target): Promise<void> {
  const at = h.clock.now();
  for (const [type, ip] of [
    ['refresh.reused', '192.0.2.1'],
    ['device.added', '198.51.100.1'],
  ] as const)
    await h.pool.query(
      `insert into events (id, type, at, actor_kind, account_id, ip, detail) values (uuidv7(), $1, $2, 'owner', $3, $4, '{}')`,
      [type, at, accountId, ip],
    );
}

const presses: [string, Press, ((target: Target) => Promise<void>)?][] = [
  ['an agent', ({ accountId }) => statusOf(freezeByAgent(h, agent, accountId))],
  ['the owner', ({ accessToken }) => statusOf(h.post('/v1/me/freeze', {}, { token: accessToken }))],
  [
    'the owner, who was not it',
    ({ accessToken, entryId }) => statusOf(h.post(`/v1/me/activity/${entryId}/not-me`, {}, { token: accessToken })),
  ],
  [
    'the host',
    async ({ accountId }) =>
      statusOf(h.post(`/v1/server/accounts/${accountId}/freeze`, reason, { token: await hostKey(h) })),
  ],
  ['a link', ({ link }) => statusOf(h.post('/v1/auth/link/use', { token: link, confirm: true }))],
  [
    'a rule',
    () =>
      weigh().then(
        () => 200,
        () => 500,
      ),
    beRobbed,
  ],
];

/** What a freeze by this press writes, row by row: found out by one that succeeds. */
async function findWrites(press: Press, prepare?: (target: Target) => Promise<void>): Promise<string[]> {
  const target = await newTarget();
  await prepare?.(target);
  await h.pool.query('delete from faults.writes');
  expect(await press(target)).toBeLessThan(203);
  const { rows } = await h.pool.query(
    `select what from faults.writes where tx = (select tx from faults.writes where what = 'INSERT on holds') order by n`,
  );
  return rows.map(({ what }) => what);
}

describe.each(presses)('V2.3.3 a freeze by %s', (_who, press, prepare) => {
  it('is all or nothing, whichever of its writes fails', async () => {
    const writes = await findWrites(press, prepare);
    expect(writes).toEqual(
      expect.arrayContaining([
        'UPDATE on accounts',
        'INSERT on cases',
        'INSERT on tickets',
        'INSERT on holds',
        'INSERT on receipts',
        'INSERT on events',
        'INSERT on deliveries',
        'UPDATE on sessions',
        'UPDATE on links',
        'DELETE on challenges',
        'DELETE on devices',
      ]),
    );
    const target = await newTarget();
    await prepare?.(target);
    const before = await everything();
    for (const [index, what] of writes.entries()) {
      await h.pool.query('insert into faults.wanted values ($1)', [index + 1]);
      const status = await press(target);
      await h.pool.query('delete from faults.wanted');
      expect([what, status]).toEqual([what, 500]);
      expect(await everything(), what).toEqual(before);
    }
  });

  it('is undone altogether when the commit fails, and done altogether once nothing does', async () => {
    const target = await newTarget();
    await prepare?.(target);
    const before = await everything();
    await h.pool.query(`create function faults.fail() returns trigger language plpgsql as $$
      begin raise exception 'injected' using errcode = 'ZZ001'; end $$`);
    await h.pool.query(`create constraint trigger faults_commit after insert on holds deferrable initially deferred
      for each row execute function faults.fail()`);
    expect(await press(target)).toBe(500);
    await h.pool.query('drop function faults.fail() cascade');
    expect(await everything()).toEqual(before);
    expect((await h.get('/v1/me', target.accessToken)).status).toBe(200);

    expect(await press(target)).toBeLessThan(203);
    expect((await h.get('/v1/me', target.accessToken)).status).toBe(401);
    expect((await h.mails(target.email)).filter(({ text }) => text.includes('/case#token='))).toHaveLength(1);
    h.clock.advance(MINUTE);
  });
});
