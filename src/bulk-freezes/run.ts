import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { freezeMany } from '../holds/freeze-many.ts';
import * as queries from './queries.ts';

/** Long enough to be quick, short enough that no account waits for the others' locks. */
const BATCH = 250;

/**
 * Freezes what waits in bulk freezes that began, batch by batch, each all or none. Runs on every node at once, and goes on
 * after a crash where it was.
 */
export async function runBulkFreezes(ctx: Context): Promise<void> {
  for (const job of await queries.listRunning(ctx.db)) {
    while ((await freezeNext(ctx, job, BATCH)) > 0);
    await finish(ctx, job);
  }
}

type Job = queries.BulkFreezeRow;

async function freezeNext(ctx: Context, job: Job, most: number): Promise<number> {
  const now = ctx.clock.now();
  let batch: string[] = [];
  try {
    return await transact(ctx.db, ctx.ring, async (trx) => {
      batch = await queries.claimWaiting(trx, job.id, most);
      if (batch.length === 0) return 0;
      const { reason_code: reasonCode, note, requested_by: agentId } = job;
      const theCase = await queries.findCase(trx, String(job.case_id));
      const outcomes = await freezeMany(trx, ctx, { accountIds: batch, reasonCode, note, agentId, theCase }, now);
      await queries.setOutcomes(trx, job.id, outcomes);
      return batch.length;
    });
  } catch (error) {
    ctx.log.error({ err: error, bulkFreezeId: job.id, accounts: batch.length }, 'batch of a bulk freeze failed');
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) await queries.setFailure(ctx.db, job.id, only);
    // One that cannot be frozen must not keep the others from it.
    else for (let left = batch.length; left > 0; left -= 1) await freezeNext(ctx, job, 1);
    return batch.length;
  }
}

async function finish(ctx: Context, job: Job): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.db, ctx.ring, async (trx) => {
    if (!(await queries.finish(trx, job.id, now))) return;
    const { frozen, failed } = await queries.countProgress(trx, job.id);
    const actor = { kind: 'agent', id: job.requested_by } as const;
    const detail = { bulkFreezeId: job.id, frozen, failed };
    await record(trx, { type: 'bulk-freeze.finished', actor, caseId: String(job.case_id), detail }, now);
  });
}
