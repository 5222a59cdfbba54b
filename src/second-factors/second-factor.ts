import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** Whether the account has a factor that sign-in, reset and changes must ask for. */
export async function hasSecondFactor(db: Kysely<Database>, accountId: string): Promise<boolean> {
  return (await queries.findTotp(db, accountId)) !== undefined;
}

/** Forgets an authenticator that was shown and not confirmed: whoever saw its secret must not confirm it later. */
export async function forgetPendingFactor(trx: Transaction<Database>, accountId: string): Promise<void> {
  await queries.deletePendingTotp(trx, accountId);
}
