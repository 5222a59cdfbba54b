import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { placeOnce } from '../holds/freeze.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { lockHold, releaseWithin } from './release.ts';

const BATCH = 200;

type Confirmation = { holdId: string; note: string | undefined; agentId: string; client: Client };

/**
 * An agent stands by a freeze that a rule placed: it stays until it is lifted. Again it changes nothing. Throws `not-found`,
 * `already-released`, and `nothing-to-confirm` for any other hold.
 */
export async function confirmHold(ctx: Context, confirmation: Confirmation): Promise<queries.HoldRow> {
  const { holdId, note, agentId, client } = confirmation;
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const hold = await lockHold(trx, holdId, now);
    if (hold.confirm_by === null) throw new Problem('nothing-to-confirm');
    if (hold.confirmed_at) return hold;
    const confirmed = await queries.confirmHold(trx, holdId, agentId, now);
    if (!confirmed) throw new Problem('already-released');
    const actor = { kind: 'agent', id: agentId } as const;
    const { account_id: accountId, case_id: caseId } = confirmed;
    const event = { type: 'hold.confirmed', actor, accountId, caseId: caseId ?? undefined, client } as const;
    await record(trx, { ...event, detail: { holdId, note: note ?? null } }, now);
    return confirmed;
  });
}

/**
 * A freeze by a rule that no agent confirmed in time becomes a hold on money alone: a rule must not shut anybody out for
 * long. May run on any node at any time.
 */
export async function fallBackUnconfirmed(ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  for (const { id } of await queries.listUnconfirmed(ctx.db, BATCH, now)) {
    await transact(ctx.db, ctx.ring, (trx) => fallBack(trx, ctx, id, now)).catch((error: unknown) => {
      // The others do not wait for it.
      ctx.log.error({ err: error, holdId: id }, 'unconfirmed freeze not replaced');
    });
  }
}

async function fallBack(trx: Transaction<Database>, ctx: Context, holdId: string, now: Date): Promise<void> {
  const hold = await lockHold(trx, holdId, now);
  // Behind the lock: an agent may have confirmed or released it.
  const isDue = hold.confirm_by !== null && hold.confirm_by <= now && !hold.confirmed_at && !hold.released_at;
  if (!isDue || (hold.until !== null && hold.until <= now)) return;
  const { account_id: accountId, case_id: caseId, source, reason_code: reasonCode, note, until } = hold;
  const actor = { kind: 'system' } as const;
  const money = { accountId, scope: 'payments', reasonCode, source, actor, note: note ?? undefined } as const;
  await placeOnce(trx, ctx, { ...money, until: until ?? undefined, caseId: caseId ?? undefined }, now);
  await releaseWithin(trx, ctx, hold, { reason: 'unconfirmed', actor }, now);
}
