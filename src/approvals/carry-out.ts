import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { passAlone } from '../holds/gate.ts';
import { effects } from './effects.ts';
import { endApproval } from './end.ts';
import * as queries from './queries.ts';

const BATCH = 200;

/**
 * Does what was agreed to and is due, and ends what nobody decided in time. May run on any node at any time: each is done
 * once, together with its effect, and what came due while no node ran is caught up with.
 */
export async function carryOutApprovals(ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  for (const approval of await queries.listDue(ctx.db, BATCH, now)) {
    await transact(ctx.db, ctx.ring, (trx) => settle(trx, ctx, approval, now)).catch((error: unknown) => {
      // The others do not wait for it.
      ctx.log.error({ err: error, approvalId: approval.id }, 'approval not carried out');
    });
  }
}

async function settle(
  trx: Transaction<Database>,
  ctx: Context,
  approval: queries.ApprovalRow,
  now: Date,
): Promise<void> {
  const { id, kind, account_id: accountId, effective_at: effectiveAt } = approval;
  const { action, findObstacle, carryOut } = effects[kind];
  const actor = { kind: 'system' } as const;
  // The account first: a veto, a freeze or a sign-in that came before this lock has ended it.
  const passage = accountId === null ? { stoppedBy: [] } : await passAlone(trx, accountId, action, now);
  if (!effectiveAt) {
    // Read again behind the lock: a yes in time may have come before it.
    const current = await queries.findApproval(trx, id, now);
    if (current?.status === 'expired') await endApproval(trx, id, { reason: 'expired', actor }, now);
    return;
  }
  if (!passage || passage.stoppedBy.length > 0) {
    await endApproval(trx, id, { reason: 'held', actor }, now);
    return;
  }
  const obstacle = await findObstacle(trx, approval, now);
  if (obstacle) {
    await endApproval(trx, id, { reason: obstacle.end, actor }, now);
    return;
  }
  if (await queries.redeem(trx, id, now)) await carryOut(trx, ctx, approval, { actor }, now);
}
