/** `npm run bench:bulk -- [accounts]`: freezes so many accounts with sessions and devices at once, single ones meanwhile, and undoes it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { createAgent } from '../src/agents/agents.ts';
import { startAgreed, undoAgreed } from '../src/bulk-freezes/agreed.ts';
import { requestBulkFreeze } from '../src/bulk-freezes/bulk-freezes.ts';
import { readBulkFreeze } from '../src/bulk-freezes/read.ts';
import { runBulkFreezes } from '../src/bulk-freezes/run.ts';
import { undoBulkFreezes } from '../src/bulk-freezes/undo.ts';
import { readConfig } from '../src/config.ts';
import { startEmbeddedPostgres } from '../src/db/embedded/embedded.ts';
import { migrateDatabase } from '../src/db/migrate.ts';
import { transact } from '../src/db/transaction.ts';
import { freeze } from '../src/holds/freeze.ts';
import { openInstance } from '../src/instance.ts';
import { systemClock } from '../src/time.ts';

const count = Number(process.argv[2] ?? 100_000);
const LIMIT_SECONDS = 60;
const SINGLES = 500;
const PAUSE_MS = 50;
const client = { ip: '127.0.0.1', userAgent: 'bench', locale: 'en', requestId: 'bench' } as never;

const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir: folder, explicit: true, durable: true });
const config = { ...readConfig({ HOLDFAST_DATA: folder }), databaseUrl: postgres.url, secret: Buffer.alloc(32, 1) };
await migrateDatabase(postgres.url);
// Only what is measured works: the mails go out after it.
const instance = await openInstance(config, { clock: systemClock, log: pino({ level: 'warn' }), roles: ['api'] });
const pool = new pg.Pool({ connectionString: postgres.url, max: 1 });
try {
  const { ctx } = instance;
  const { agentId } = await createAgent(
    ctx,
    { email: 'a@example.com', name: 'Kim', role: 'agent' },
    { kind: 'system' },
  );
  const second = await createAgent(ctx, { email: 'b@example.com', name: 'Lee', role: 'lead' }, { kind: 'system' });
  const accountIds = await plant(count);
  const singles = await plant(SINGLES);
  // As the server itself would; of what is empty it knows nothing.
  await pool.query('analyze accounts, passwords, devices, sessions');

  const asked = performance.now();
  const wanted = { reasonCode: 'account-takeover', note: 'bench', isDryRun: false, agentId, client } as const;
  const id = await requestBulkFreeze(ctx, { wanted: { accountIds }, ...wanted });
  console.log(`asked for ${count} accounts in ${since(asked)} s`);
  const agreed = { subject_id: id, requested_by: agentId, decided_by: second.agentId, reason: 'bench' };
  const actor = { kind: 'agent', id: second.agentId } as const;
  await transact(ctx.db, ctx.ring, (trx) => startAgreed(trx, ctx, agreed, { actor }, systemClock.now()));

  const began = performance.now();
  let isRunning = true;
  const bulk = runBulkFreezes(ctx).finally(() => {
    isRunning = false;
  });
  const latencies: number[] = [];
  for (const accountId of singles) {
    if (!isRunning) break;
    const at = performance.now();
    await freeze(ctx, { accountId, scope: 'all', reasonCode: 'scam', source: 'agent', actor, note: 'bench' });
    latencies.push(performance.now() - at);
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  await bulk;
  const seconds = (performance.now() - began) / 1000;
  const { progress, status } = await readBulkFreeze(ctx, id);
  const isMet = seconds <= LIMIT_SECONDS && progress.frozen === count;
  console.log(`${progress.frozen} accounts frozen in ${seconds.toFixed(1)} s of ${LIMIT_SECONDS} s, ${status}`);
  latencies.sort((a, b) => a - b);
  const at = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
  console.log(`${latencies.length} single freezes meanwhile: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  if (!isMet) process.exitCode = 1;

  await pool.query('analyze');
  await transact(ctx.db, ctx.ring, (trx) => undoAgreed(trx, ctx, agreed, { actor }, systemClock.now()));
  const undoing = performance.now();
  await undoBulkFreezes(ctx);
  const undone = await readBulkFreeze(ctx, id);
  console.log(`${undone.progress.undone} let go again in ${since(undoing)} s, ${undone.status}`);
} finally {
  await pool.end();
  await instance.close(500);
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

function since(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}

/** Each with a password, a session and a device. */
async function plant(n: number): Promise<string[]> {
  const now = systemClock.now();
  const { rows } = await pool.query(
    `insert into accounts (id, email, email_confirmed_at, created_at)
     select id, id || '@example.com', $2, $2 from (select gen_random_uuid() as id from generate_series(1, $1::int)) as made
     returning id`,
    [n, now],
  );
  const ids = rows.map((row) => row.id);
  for (const sql of [
    `insert into passwords (account_id, hash, set_at) select id, '$argon2id$', $2 from unnest($1::uuid[]) as t (id)`,
    `insert into devices (id, account_id, created_at, last_seen_at) select gen_random_uuid(), id, $2, $2 from unnest($1::uuid[]) as t (id)`,
    `insert into sessions (id, account_id, acr, amr, auth_time, created_at, last_seen_at, expires_at)
     select gen_random_uuid(), id, 'aal1', '{pwd}', $2, $2, $2, $2::timestamptz + interval '1 day' from unnest($1::uuid[]) as t (id)`,
  ])
    await pool.query(sql, [ids, now]);
  return ids;
}
