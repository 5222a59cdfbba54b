import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { requirePassage } from '../holds/gate.ts';
import type { Action } from '../holds/rules.ts';
import { requireStillLive, type Session } from './check.ts';
import { requireFresh } from './guards.ts';

/** The signed-in owner who makes a change. */
export type Holder = { accountId: string; sessionId: string; deviceId: string | null; client: Client };
type Caller = { session: Session; client: Client };
type Account = Awaited<ReturnType<typeof requirePassage>>;

/** Who makes a change, as the guards before it left them. */
export function holderOf({ session, client }: Caller): Holder {
  return { accountId: session.account_id, sessionId: session.id, deviceId: session.device_id, client };
}

/** As `holderOf`, for one who signed in recently (ASVS 7.5.1). Throws `insufficient-authentication`. */
export function freshHolder(ctx: Context, caller: Caller): Holder {
  requireFresh(ctx, caller.session);
  return holderOf(caller);
}

/** What a change by `freshHolder`, proven with a code where a factor is enrolled, can be refused with. */
export const changeRefusals = [
  'unauthorized',
  'insufficient-authentication',
  'second-factor-required',
  'invalid-code',
  'account-held',
  'too-many-attempts',
  'too-many-requests',
  'busy',
] as const;

/**
 * A change under the account's lock and past the gate, by a session that did not end while it waited for hashes or for
 * that lock. Throws `account-held`, `unauthorized`.
 */
export async function changeAsHolder<T>(
  ctx: Context,
  { accountId, sessionId }: Pick<Holder, 'accountId' | 'sessionId'>,
  action: Action,
  now: Date,
  work: (trx: Transaction<Database>, account: Account) => Promise<T>,
): Promise<T> {
  return await transact(ctx.db, ctx.ring, async (trx) => {
    const account = await requirePassage(trx, accountId, action, now);
    await requireStillLive(trx, sessionId, now);
    return await work(trx, account);
  });
}

/** What every event of a holder's change says of them. */
export function ownerEvent(holder: Holder) {
  return {
    actor: { kind: 'owner', id: holder.accountId } as const,
    accountId: holder.accountId,
    sessionId: holder.sessionId,
    deviceId: holder.deviceId ?? undefined,
    client: holder.client,
  };
}
