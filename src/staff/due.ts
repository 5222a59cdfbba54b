import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { carryOut } from './carry-out.ts';
import { endChange } from './end.ts';
import { findObstacle } from './obstacles.ts';
import * as queries from './queries.ts';

const BATCH = 200;
const by = { actor: { kind: 'system' } } as const;

/**
 * Does what time agreed to, and ends what nobody decided in time. May run on any node at any time: each is done once, together
 * with its effect, and what came due while no node ran is caught up with.
 */
export async function carryOutStaffChanges(ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  for (const id of await queries.listDue(ctx.db, BATCH, now)) {
    await transact(ctx.db, ctx.ring, (trx) => settle(trx, ctx, id, now)).catch((error: unknown) => {
      // The others do not wait for it.
      ctx.log.error({ err: error, changeId: id }, 'change of staff not carried out');
    });
  }
}

async function settle(trx: Transaction<Database>, ctx: Context, id: string, now: Date): Promise<void> {
  await queries.queueForStaff(trx);
  const change = await queries.findChange(trx, id, now);
  if (!change || change.executed_at || change.ended_at) return;
  if (change.status === 'expired') {
    await endChange(trx, change, { reason: 'expired' }, by, now);
    return;
  }
  const obstacle = await findObstacle(trx, change);
  if (obstacle) await endChange(trx, change, { reason: obstacle.end }, by, now);
  else await carryOut(trx, ctx, id, by, now);
}
