/** `npm run bench:queue -- [cases]`: the queue with 1,000,000 open cases, what Postgres does for a page of it, and how long. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { createAgent } from '../src/agents/agents.ts';
import { type QueueFilter, queueQuery } from '../src/case-work/queries.ts';
import { readConfig } from '../src/config.ts';
import { startEmbeddedPostgres } from '../src/db/embedded/embedded.ts';
import { migrateDatabase } from '../src/db/migrate.ts';
import { openInstance } from '../src/instance.ts';
import { systemClock } from '../src/time.ts';
import { explain, insertCases } from '../test/support/many-cases.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const PAGE = 51;
const ROUNDS = 50;
const LIMIT_MS = 10;
const DAY = 86_400_000;

const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir: folder, explicit: true, durable: true });
const config = { ...readConfig({ HOLDFAST_DATA: folder }), databaseUrl: postgres.url, secret: Buffer.alloc(32, 1) };
await migrateDatabase(postgres.url);
const instance = await openInstance(config, { clock: systemClock, log: pino({ level: 'silent' }) });
const pool = new pg.Pool({ connectionString: postgres.url, max: 1 });
try {
  const agents = await Promise.all(Array.from({ length: 20 }, (_, n) => newAgent(n)));
  const now = systemClock.now();
  const began = performance.now();
  await insertCases(pool, count, agents, now);
  console.log(`${count} open cases, made in ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  const deep = { rank: 3, dueAt: new Date(now.getTime() + 5 * DAY), id: '00000000-0000-0000-0000-000000000000' };
  const agent = agents[1] ?? '';
  const pages: [string, Omit<QueueFilter, 'status'>][] = [
    ['first page', {}],
    ['deep inside', { after: deep }],
    ['one kind', { kind: 'complaint' }],
    ['one priority', { priority: 'low' }],
    ['a kind and a priority', { kind: 'scam', priority: 'normal' }],
    ['of nobody', { assigneeId: null }],
    ['of one agent', { assigneeId: agent }],
  ];
  for (const [what, filter] of pages) await measure(what, filter, now);
} finally {
  await pool.end();
  await instance.close(500);
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function newAgent(n: number): Promise<string> {
  const made = { email: `agent-${n}@example.com`, name: 'Kim', role: 'agent' } as const;
  return (await createAgent(instance.ctx, made, { kind: 'system' })).agentId;
}

async function measure(what: string, filter: Omit<QueueFilter, 'status'>, now: Date): Promise<void> {
  const query = queueQuery(instance.ctx.db, { ...filter, status: 'open' }, PAGE, now).compile();
  const plan = await explain(pool, query);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await pool.query(query.sql, [...query.parameters]);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const [p50 = 0, p99 = 0] = [times[Math.floor(ROUNDS / 2)], times.at(-1)];
  const isWalk = plan.nodes.join(' ') === 'Limit Index Scan';
  const passes = isWalk && p50 <= LIMIT_MS;
  const figures = `p50 ${p50.toFixed(2)} ms, slowest of ${ROUNDS} ${p99.toFixed(2)} ms`;
  console.log(
    `${passes ? 'ok  ' : 'FAIL'} ${what.padEnd(24)} ${figures}   ${plan.nodes.join(' → ')} on ${plan.indexes.join(', ')}`,
  );
  if (!passes) process.exitCode = 1;
}
