import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { startCoolDown } from '../holds/freeze.ts';
import { endOthers } from '../sessions/end.ts';
import type { Holder } from '../sessions/holder.ts';

/** What every change of factors brings: others are signed out, and money waits. */
export async function settleFactorChange(
  trx: Transaction<Database>,
  ctx: Context,
  holder: Holder,
  now: Date,
): Promise<void> {
  await endOthers(trx, holder, 'second-factor-changed', now);
  await startCoolDown(trx, ctx, holder.accountId, holder.client, now);
}
