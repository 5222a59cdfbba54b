import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { freezeMany } from '../holds/freeze-many.ts';
import { workThrough } from './batches.ts';
import * as queries from './queries.ts';

/** Long enough to be quick, short enough that no account waits for the others' locks. */
const BATCH = 250;

type Job = queries.BulkFreezeRow;

/**
 * Freezes what waits in bulk freezes that began, batch by batch, each all or none. Runs on every node at once, and goes on
 * after a crash where it was.
 */
export async function runBulkFreezes(ctx: Context): Promise<void> {
  for (const job of await queries.listRunning(ctx.db)) {
    const { id, reason_code: reasonCode, note, requested_by: agentId } = job;
    const theCase = await queries.findCase(ctx.db, String(job.case_id));
    await workThrough(ctx, job, BATCH, {
      claim: (trx, most) => queries.claimWaiting(trx, id, most),
      work: async (trx, accountIds, now) => {
        const outcomes = await freezeMany(trx, ctx, { accountIds, reasonCode, note, agentId, theCase }, now);
        await queries.setOutcomes(trx, id, outcomes);
      },
      giveUp: (accountId) => queries.setFailure(ctx.db, id, accountId),
    });
    await finish(ctx, job);
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
