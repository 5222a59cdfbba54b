import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { type BadLine, identifiersOf, type NumberedAccount, withoutTaken, writeBatch } from './batch.ts';
import { ImportError, LineFault } from './fault.ts';
import type { Line } from './lines.ts';
import * as queries from './queries.ts';
import { type Reading, readLine } from './read-line.ts';
import type { Source } from './source.ts';

const BATCH = 1_000;
/** How often a batch is looked through again because somebody took one of its identifiers meanwhile. */
const TRIES = 5;
const UNIQUE_VIOLATION = '23505';
const DEADLOCK = '40P01';

// Exported for tests: Job
export type Job = Reading & {
  source: Source;
  isRehearsal: boolean;
  /** Goes on where an earlier run of the same file stopped. */
  isResumed: boolean;
  /** Whether addresses nobody confirmed get their mail. */
  sendMails: boolean;
  actor: Actor;
  /** After a batch: once it is told, its lines are done. */
  onBatch(tally: Tally, bad: readonly BadLine[]): Promise<void>;
  isStopped(): boolean;
};

/** Counts of the whole file, earlier runs of it included; `forms` and `weak` are of this run. */
export type Tally = { line: number; imported: number; skipped: number; weak: number; forms: Map<string, number> };
export type Outcome =
  | { outcome: 'finished' | 'stopped'; importId: string; tally: Tally }
  | { outcome: 'running-elsewhere' }
  | { outcome: 'begun-before' | 'finished-before'; earlier: queries.ImportRow };

/**
 * Takes accounts over, line by line, in batches that are whole or not at all. A bad line is told and left out, and stops
 * nothing. A file is imported by one caller at a time, and once.
 */
export async function importAccounts(ctx: Context, job: Job): Promise<Outcome> {
  const { fingerprint } = job.source;
  return await ctx.db.connection().execute(async (connection) => {
    if (fingerprint === undefined) return await run(ctx, connection, job, undefined);
    if (!(await queries.tryLockFile(connection, fingerprint))) return { outcome: 'running-elsewhere' };
    try {
      const earlier = await queries.findImport(connection, fingerprint, job.format);
      if (job.isRehearsal) return await run(ctx, connection, job, undefined);
      if (earlier?.finished_at) return { outcome: 'finished-before', earlier };
      if (earlier && !job.isResumed) return { outcome: 'begun-before', earlier };
      return await run(ctx, connection, job, earlier);
    } finally {
      await queries.unlockFile(connection, fingerprint);
    }
  });
}

async function run(
  ctx: Context,
  connection: Kysely<Database>,
  job: Job,
  earlier: queries.ImportRow | undefined,
): Promise<Outcome> {
  const now = ctx.clock.now();
  const { source, format } = job;
  const begun = { id: newId(now), fingerprint: source.fingerprint ?? null, format, started_at: now };
  const importId = job.isRehearsal ? begun.id : (earlier ?? (await queries.insertImport(ctx.db, begun))).id;
  const tally: Tally = {
    line: earlier?.line ?? 0,
    imported: earlier?.imported ?? 0,
    skipped: earlier?.skipped ?? 0,
    weak: 0,
    forms: new Map(),
  };
  const write = job.isRehearsal ? await openRehearsal(ctx, connection) : openWriting(ctx, job, importId);
  for await (const lines of inBatches(source.lines(), tally.line)) {
    refuseDocument(lines[0]);
    await takeBatch(ctx, job, lines, tally, write);
    if (job.isStopped()) return { outcome: 'stopped', importId, tally };
  }
  if (!job.isRehearsal) await finish(ctx, job, importId);
  return { outcome: 'finished', importId, tally };
}

/** Exports come as one JSON document too: without this every line of it would be called bad. */
function refuseDocument(first: Line | undefined): void {
  if (first?.number !== 1 || !/^(\[|\{$|\{\s*"users"\s*:)/.test(first.text ?? '[')) return;
  throw new ImportError(
    'This is one JSON document, and an import reads one account per line. jq makes lines of it: docs/import.md says how for each system.',
  );
}

/** What becomes of the good lines of a batch; returns those that turned out bad after all. */
type Write = (
  lines: readonly NumberedAccount[],
  bad: readonly BadLine[],
  step: { from: number; to: number },
) => Promise<BadLine[]>;

async function takeBatch(ctx: Context, job: Job, lines: readonly Line[], tally: Tally, write: Write): Promise<void> {
  const { good, bad } = readBatch(lines, job, ctx.clock.now());
  const to = lines.at(-1)?.number ?? tally.line;
  const late = await write(good, bad, { from: tally.line, to });
  const dropped = new Set(late.map(({ line }) => line));
  for (const { number, account } of good) if (!dropped.has(number)) count(tally, account.hash);
  tally.line = to;
  tally.skipped += bad.length + late.length;
  await job.onBatch(
    tally,
    [...bad, ...late].sort((a, b) => a.line - b.line),
  );
}

function count(tally: Tally, hash: NumberedAccount['account']['hash']): void {
  const form = hash?.form ?? 'none';
  tally.imported += 1;
  tally.forms.set(form, (tally.forms.get(form) ?? 0) + 1);
  if (hash?.isWeak) tally.weak += 1;
}

function readBatch(lines: readonly Line[], reading: Reading, now: Date) {
  const good: NumberedAccount[] = [];
  const bad: BadLine[] = [];
  for (const { number, text } of lines) {
    try {
      if (text === undefined) throw new LineFault('', 'is longer than 1 MiB or not UTF-8');
      good.push({ number, account: readLine(text, reading, now) });
    } catch (error) {
      if (!(error instanceof LineFault)) throw error;
      bad.push({ line: number, field: error.field, reason: error.message });
    }
  }
  return { good, bad };
}

/** Accounts, events and how far the import is: in one transaction, so that a kill at any moment loses and doubles nothing. */
function openWriting(ctx: Context, job: Job, importId: string): Write {
  const writing = { importId, actor: job.actor, sendMails: job.sendMails };
  return async (lines, bad, { from, to }) => {
    for (let attempt = 1; ; attempt++) {
      const now = ctx.clock.now();
      const { free, bad: late } = await withoutTaken(ctx, lines);
      try {
        await transact(ctx.db, ctx.ring, async (trx) => {
          const step = { from, to, imported: free.length, skipped: bad.length + late.length };
          if (!(await queries.advanceImport(trx, importId, step))) throw new Error('another run moved this import on');
          if (!(await writeBatch(trx, ctx, free, writing, now))) throw new Overtaken();
        });
        return late;
      } catch (error) {
        if (attempt === TRIES || !isOvertaken(error)) throw error;
      }
    }
  };
}

/** An identifier that was free a moment ago is somebody's now. */
class Overtaken extends Error {}

function isOvertaken(error: unknown): boolean {
  if (error instanceof Overtaken) return true;
  return error instanceof Error && 'code' in error && (error.code === UNIQUE_VIOLATION || error.code === DEADLOCK);
}

/** Looks as the real run would, and writes nothing that stays. */
async function openRehearsal(ctx: Context, connection: Kysely<Database>): Promise<Write> {
  await queries.openRehearsal(connection);
  return async (lines) => {
    const { free, bad } = await withoutTaken(ctx, lines);
    const valuesOf = ({ account }: NumberedAccount) => [
      ...identifiersOf(account).map(({ value }) => value),
      ...(account.externalId === undefined ? [] : [`external:${account.externalId}`]),
    ];
    const fresh = await queries.rehearse(connection, free.flatMap(valuesOf));
    const seen = free.filter((line) => valuesOf(line).some((value) => !fresh.has(value)));
    const reason = 'belongs to an earlier line';
    return [...bad, ...seen.map(({ number }) => ({ line: number, field: '', reason }))];
  };
}

async function finish(ctx: Context, { actor, format }: Job, importId: string): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.db, ctx.ring, async (trx) => {
    const { imported, skipped } = await queries.finishImport(trx, importId, now);
    await record(trx, { type: 'accounts.imported', actor, detail: { importId, format, imported, skipped } }, now);
  });
}

/** Lines after `done`, so many at a time; the rest waits in the file. */
async function* inBatches(lines: AsyncIterable<Line>, done: number): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  for await (const line of lines) {
    if (line.number <= done) continue;
    batch.push(line);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
