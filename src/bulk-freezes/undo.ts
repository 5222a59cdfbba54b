import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { isContested } from '../releases/obstacles.ts';
import { releaseWithin } from '../releases/release.ts';
import { workThrough } from './batches.ts';
import { type BulkFreezeRow, countProgress } from './queries.ts';
import * as queries from './undo-queries.ts';

/** Each account is locked until its batch is over: few at a time. */
const BATCH = 25;

type Job = BulkFreezeRow;

/**
 * Lifts the holds of bulk freezes whose undo began, batch by batch, each all or none. Runs on every node at once, and goes on
 * after a crash where it was.
 */
export async function undoBulkFreezes(ctx: Context): Promise<void> {
  for (const job of await queries.listUndoing(ctx.db)) {
    await workThrough(ctx, job, BATCH, {
      claim: (trx, most) => queries.claimToUndo(trx, job.id, most),
      work: async (trx, ids, now) => {
        await Promise.all(ids.map((accountId) => undoOne(trx, ctx, job, accountId, now)));
      },
      giveUp: (accountId) => queries.setUndoFailure(ctx.db, job.id, accountId, 'error'),
    });
    await finishUndo(ctx, job);
  }
}

async function undoOne(
  trx: Transaction<Database>,
  ctx: Context,
  job: Job,
  accountId: string,
  now: Date,
): Promise<void> {
  const passage = await passAlone(trx, accountId, 'case-access', now);
  const hold = await queries.findHold(trx, job.id, accountId);
  const obstacle = passage ? await findObstacle(trx, hold, now) : 'closed';
  if (obstacle) return await queries.setUndoFailure(trx, job.id, accountId, obstacle);
  const actor = { kind: 'agent', id: String(job.undo_by) } as const;
  await releaseWithin(trx, ctx, hold, { reason: 'undone', actor, note: job.undo_note }, now);
  await queries.setUndone(trx, job.id, accountId, now);
}

/** What keeps one account frozen though all are undone: above all its owner, who says that something did happen. */
async function findObstacle(
  trx: Transaction<Database>,
  hold: queries.PlacedHold,
  now: Date,
): Promise<queries.UndoFailure | undefined> {
  if (!hold.is_ours) return 'not-ours';
  if (hold.released_at) return 'released-before';
  return (await isContested(trx, hold.account_id, now)) ? 'owner-reported' : undefined;
}

async function finishUndo(ctx: Context, job: Job): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.db, ctx.ring, async (trx) => {
    if (!(await queries.finishUndo(trx, job.id, now))) return;
    const { undone, notUndone } = await countProgress(trx, job.id);
    const actor = { kind: 'agent', id: String(job.undo_by) } as const;
    const detail = { bulkFreezeId: job.id, undone, notUndone };
    const caseId = job.case_id ?? undefined;
    await record(trx, { type: 'bulk-freeze.undone', actor, caseId, detail }, now);
  });
}
