import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { requirePassage } from '../holds/gate.ts';
import type { Action } from '../holds/rules.ts';
import { requireStillLive, type Session } from './check.ts';
import type { Demand } from './demands.ts';

/** The owner who makes a change, signed in. */
export type Holder = {
  accountId: string;
  sessionId: string;
  deviceId: string | null;
  client: Client;
  /** Of one who is signed in by this very change, or may be by a later one: what stands for the session until then. */
  entry?: Entry;
};
type Entry = {
  /** In place of a session that still lives. Throws where it does not stand any more. */
  requireStanding: (trx: Transaction<Database>) => Promise<void>;
  /** Once all is written. */
  complete?: (trx: Transaction<Database>, account: Account) => Promise<void>;
};
type Caller = { session: Session; client: Client };
type Account = Awaited<ReturnType<typeof requirePassage>>;

/** Who makes a change, as the guards before it left them. */
export function holderOf({ session, client }: Caller): Holder {
  return { accountId: session.account_id, sessionId: session.id, deviceId: session.device_id, client };
}

/** As `holderOf`, where the guard demanded a fresh authentication (ASVS 7.5.1): the operation's row must say so. */
export function freshHolder(caller: Caller & { demand: Demand }): Holder {
  if (!caller.demand.startsWith('fresh')) throw new Error('the operation asks for no fresh authentication');
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
  { accountId, sessionId, entry }: Pick<Holder, 'accountId' | 'sessionId' | 'entry'>,
  action: Action,
  now: Date,
  work: (trx: Transaction<Database>, account: Account) => Promise<T>,
): Promise<T> {
  return await transact(ctx.db, ctx.ring, async (trx) => {
    const account = await requirePassage(trx, accountId, entry ? 'enrol' : action, now);
    await (entry ? entry.requireStanding(trx) : requireStillLive(trx, sessionId, now));
    const result = await work(trx, account);
    await entry?.complete?.(trx, account);
    return result;
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
