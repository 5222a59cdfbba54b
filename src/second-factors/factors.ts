import type { Kysely, Transaction } from 'kysely';
import type { Accounts } from '../db/accounts.ts';
import type { Database } from '../db/types.ts';
import { forgetPendingSms } from '../sms-factor/forget-sms.ts';
import * as bound from './bound-queries.ts';
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

/** Forgets an authenticator or a number that was not confirmed: whoever began before everything ended must not finish. */
export async function forgetPendingFactor(trx: Transaction<Database>, accounts: Accounts): Promise<void> {
  await Promise.all([queries.deletePendingTotp(trx, accounts), forgetPendingSms(trx, accounts)]);
}

/** When each second factor of the account was bound. */
export async function listFactorBirths(db: Kysely<Database>, accountId: string): Promise<Date[]> {
  return await bound.listFactorBirths(db, accountId);
}

/** Unbinds every second factor and recovery code; which kinds there were. */
export async function unbindEverything(trx: Transaction<Database>, accountId: string): Promise<FactorKind[]> {
  const factors = (await queries.findFactors(trx, accountId)) ?? [];
  await bound.deleteEveryFactor(trx, accountId);
  return factors;
}

/** When this authenticator or passkey was bound; undefined for one that is gone. */
export async function findFactorBirth(db: Kysely<Database>, factorId: string): Promise<Date | undefined> {
  return await bound.findBirth(db, factorId);
}

/** When a recovery code was issued; undefined for one that the account has not. */
export async function findRecoveryCodeBirth(
  db: Kysely<Database>,
  accountId: string,
  selector: string,
): Promise<Date | undefined> {
  return await bound.findRecoveryCodeBirth(db, accountId, selector);
}
