import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import type { FactorKind } from './enrolled.ts';
import * as queries from './queries.ts';

/** What may answer where a second factor is owed; undefined for an account that has none and owes none. */
export async function findFactors(db: Kysely<Database>, accountId: string): Promise<FactorKind[] | undefined> {
  return await queries.findFactors(db, accountId);
}

/** Whether the account has a factor that sign-in, reset and changes must ask for. */
export async function hasSecondFactor(db: Kysely<Database>, accountId: string): Promise<boolean> {
  return (await queries.findFactors(db, accountId)) !== undefined;
}

/** Forgets an authenticator that was shown and not confirmed: whoever saw its secret must not confirm it later. */
export async function forgetPendingFactor(trx: Transaction<Database>, accountId: string): Promise<void> {
  await queries.deletePendingTotp(trx, accountId);
}
