import { respondBy } from '../cases/promises.ts';
import { nextUp } from '../cases/rules.ts';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import * as queries from './queries.ts';

const AT_ONCE = 100;

/**
 * Tells once of each promise that passed: the case moves up, its ticket hears why. May run on any node at any time: a case
 * that another node has in hand is left to it.
 */
export async function escalateOverdue(ctx: Context): Promise<void> {
  while ((await escalateSome(ctx)) > 0);
}

async function escalateSome(ctx: Context): Promise<number> {
  const now = ctx.clock.now();
  return await transact(ctx.db, ctx.ring, async (trx) => {
    const late = await queries.lockOverdue(trx, now, AT_ONCE);
    for (const { id: caseId, account_id, promise, priority: from, ...theCase } of late) {
      const accountId = account_id ?? undefined;
      const priority = nextUp(from);
      const dueAt = { answer: theCase.respond_by, solve: theCase.solve_by, refund: theCase.refund_due_at }[promise];
      const detail = { promise, dueAt: dueAt?.toISOString() ?? '', from };
      await queries.escalate(
        trx,
        { id: caseId, promise },
        { priority, respondBy: respondBy(ctx.policy, priority, now) },
        now,
      );
      await record(trx, { type: 'case.overdue', actor: { kind: 'system' }, accountId, caseId, detail }, now);
    }
    return late.length;
  });
}
