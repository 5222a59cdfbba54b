import type { Transaction } from 'kysely';
import type { Accounts } from '../db/accounts.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** Forgets a number that was never confirmed: whoever asked before everything ended must not finish. */
export async function forgetPendingSms(trx: Transaction<Database>, accounts: Accounts): Promise<void> {
  await queries.deletePending(trx, accounts);
}

/** Ends the factor and every code sent to it. Whether there was one. */
export async function dropSms(trx: Transaction<Database>, accountId: string): Promise<boolean> {
  return await queries.deleteFactor(trx, accountId);
}
