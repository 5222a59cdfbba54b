/** `npm run bench:freeze -- [freezes a side]`: a freeze against a bare transaction of as many statements, on one database. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { createAgent } from '../src/agents/agents.ts';
import { readConfig } from '../src/config.ts';
import { startEmbeddedPostgres } from '../src/db/embedded/embedded.ts';
import { migrateDatabase } from '../src/db/migrate.ts';
import { freeze } from '../src/holds/freeze.ts';
import { openInstance } from '../src/instance.ts';
import { systemClock } from '../src/time.ts';
import { median, quantile } from './load.ts';
import { type Row, renderRows, renderTable } from './table.ts';

const perSide = Number(process.argv[2] ?? 6_000);
const ROUNDS = 12;
/** As many as the service keeps for what cannot wait. */
const CONNECTIONS = 4;
const BAR = 3;
const WARM_UP = 1_000;
const TRACED = 60;
const REST = 'all else: signing, building statements, reading answers';
const WHOLE = 'one freeze alone';

type Side = { times: number[]; p99s: number[] };
type Work = (accountId: string) => Promise<unknown>;

const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir: folder, explicit: true, durable: true });
const config = { ...readConfig({ HOLDFAST_DATA: folder }), databaseUrl: postgres.url, secret: Buffer.alloc(32, 1) };
await migrateDatabase(postgres.url);
const log = pino({ level: 'silent' });
// Nothing else runs on it: what a freeze causes is delivered by others.
const instance = await openInstance(config, { clock: systemClock, log, roles: ['api'] });
const pool = new pg.Pool({ connectionString: postgres.url, max: CONNECTIONS });
pool.on('error', () => undefined);
try {
  const { agentId } = await createAgent(
    instance.ctx,
    { email: 'bench@example.com', name: 'Kim', role: 'agent' },
    { kind: 'system' },
  );
  const freezing: Work = (accountId) =>
    freeze(instance.ctx, {
      accountId,
      scope: 'all',
      reasonCode: 'account-takeover',
      source: 'agent',
      actor: { kind: 'agent', id: agentId },
      note: 'Bench',
    });
  await pool.query('create table bare (id uuid primary key, account_id uuid not null, at timestamptz not null)');
  const accounts = await makeAccounts(2 * perSide + 2 * WARM_UP + TRACED);
  await runRound(freezing, accounts, WARM_UP);
  // As a database that has been in use for a while knows its tables: not as empty.
  await pool.query('analyze');
  const { statements, times } = await traced(() => freezing(accounts.pop() as string));
  const bare = bareOf(statements);

  const busy = loadavg()[0]?.toFixed(1);
  console.log(
    `${availableParallelism()} cores, load ${busy}: ${perSide} freezes of accounts with a session and a device,`,
  );
  console.log(`${CONNECTIONS} at once; one is ${statements} statements, begin and commit among them\n`);
  await runRound(bare, accounts, WARM_UP);
  const [ours, floor]: [Side, Side] = [newSide(), newSide()];
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const pairs: [Side, Work][] = [
      [ours, freezing],
      [floor, bare],
    ];
    for (const [side, work] of round % 2 === 0 ? pairs : pairs.reverse()) {
      const took = await runRound(work, accounts, Math.floor(perSide / ROUNDS));
      side.times.push(...took);
      side.p99s.push(quantile(took, 0.99));
    }
    ratios.push((ours.p99s.at(-1) as number) / (floor.p99s.at(-1) as number));
  }
  report(ours, floor, ratios);
  console.log(`\n${renderTable([['where a freeze spends its time, ms', ''], ...times])}\n`);
} finally {
  await pool.end();
  await instance.close(500);
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Accounts as they are: signed in once, on a device. */
async function makeAccounts(n: number): Promise<string[]> {
  const { rows } = await pool.query(
    `insert into accounts (id, email, created_at, email_confirmed_at)
     select gen_random_uuid(), 'freeze-' || i || '@example.com', now(), now() from generate_series(1, $1::int) as i returning id`,
    [n],
  );
  await pool.query(
    `insert into devices (id, account_id, created_at, last_seen_at) select gen_random_uuid(), id, now(), now() from accounts`,
  );
  await pool.query(
    `insert into sessions (id, account_id, device_id, acr, amr, auth_time, created_at, last_seen_at, expires_at)
     select gen_random_uuid(), account_id, id, 'aal1', '{pwd}', now(), now(), now(), now() + interval '12 hours' from devices`,
  );
  await pool.query('analyze');
  return rows.map(({ id }) => id);
}

type Traced = { statements: number; times: string[][] };

/** What one call sends to the database, and how long each statement takes with nothing beside it: medians of many calls. */
async function traced(work: () => Promise<unknown>): Promise<Traced> {
  const took = new Map<string, number[]>();
  const note = (what: string, ms: number) => took.set(what, [...(took.get(what) ?? []), ms]);
  const { query } = pg.Client.prototype;
  // biome-ignore lint/suspicious/noExplicitAny: pg's query has ten overloads, of which Kysely uses two.
  pg.Client.prototype.query = function (this: pg.Client, ...args: any[]): any {
    const began = performance.now();
    const [sent] = args;
    const what = (sent?.text ?? sent).replace(/\s+/g, ' ').slice(0, 72);
    const { callback } = sent;
    if (callback) {
      sent.callback = (...answered: unknown[]) => {
        note(what, performance.now() - began);
        callback(...answered);
      };
    }
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    const answer = (query as any).apply(this, args);
    if (answer instanceof Promise) void answer.then(() => note(what, performance.now() - began));
    return answer;
  };
  for (let call = 0; call < TRACED; call += 1) {
    const began = performance.now();
    await work();
    note(WHOLE, performance.now() - began);
  }
  pg.Client.prototype.query = query;
  const middle = (times: readonly number[]) => median(times);
  const whole = middle(took.get(WHOLE) ?? []);
  // What waits for its commit is rung on a connection of its own, and keys are read now and then.
  const inside = [...took].filter(([what, times]) => times.length >= TRACED && what !== WHOLE && !/^notify/.test(what));
  const told = inside.map(([what, times]) => [what, middle(times).toFixed(2)]);
  const waited = inside.reduce((sum, [, times]) => sum + (middle(times) * times.length) / TRACED, 0);
  const statements = inside.reduce((sum, [, times]) => sum + Math.round(times.length / TRACED), 0);
  return { statements, times: [...told, [REST, (whole - waited).toFixed(2)], [WHOLE, whole.toFixed(2)]] };
}

/** The least that so many statements can be: one row each, prepared, in one transaction. */
function bareOf(statements: number): Work {
  return async (accountId) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      for (let n = 0; n < statements - 2; n += 1) {
        const text = 'insert into bare (id, account_id, at) values ($1, $2, $3)';
        await client.query({ name: 'bare', text, values: [randomUUID(), accountId, new Date()] });
      }
      await client.query('commit');
    } finally {
      client.release();
    }
  };
}

/** So many of them, a few at once; how long each took, sorted. */
async function runRound(work: Work, accounts: string[], count: number): Promise<number[]> {
  const took: number[] = [];
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const accountId = accounts.pop();
      if (accountId === undefined) throw new Error('there are too few accounts');
      const began = performance.now();
      await work(accountId);
      took.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  return took.sort((a, b) => a - b);
}

function newSide(): Side {
  return { times: [], p99s: [] };
}

function report(ours: Side, floor: Side, ratios: readonly number[]): void {
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  const row = (what: string, mine: number, theirs: number, more: Partial<Row> = {}): Row => ({
    ...{ what, ours: ms(mine), against: ms(theirs), ratio: (mine / theirs).toFixed(2), bar: '', passes: undefined },
    ...more,
  });
  const sorted = ({ times }: Side) => times.toSorted((a, b) => a - b);
  const [mine, theirs] = [sorted(ours), sorted(floor)];
  // As in every comparison here: what stalls the whole machine for a moment spoils a round, not the figure.
  const [p99, bareP99] = [median(ours.p99s), median(floor.p99s)];
  const ratio = p99 / bareP99;
  const spread = `${ratio.toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
  const passes = ratio <= BAR;
  const rows = [
    row('p50', quantile(mine, 0.5), quantile(theirs, 0.5)),
    row('p99, median of rounds (lowest, highest)', p99, bareP99, { ratio: spread, bar: `≤ ${BAR}`, passes }),
    row('slowest', mine.at(-1) as number, theirs.at(-1) as number),
  ];
  console.log(renderRows(rows));
  if (!passes) process.exitCode = 1;
}
