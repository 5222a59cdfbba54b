import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import * as queries from './queries.ts';

const BATCH = 100;

/** Tells the helpdesk of watches whose time is over, each once: somebody has to look and sign off. Runs on any node, any time. */
export async function tellDueWatches(ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.db, ctx.ring, async (trx) => {
    for (const { id: watchId, account_id: accountId, case_id: caseId } of await queries.takeDue(trx, BATCH, now)) {
      await record(trx, { type: 'watch.due', actor: { kind: 'system' }, accountId, caseId, detail: { watchId } }, now);
    }
  });
}
