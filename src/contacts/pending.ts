import type { Transaction } from 'kysely';
import type { Accounts } from '../db/accounts.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** Forgets changes that wait to be confirmed: whoever asked for them before everything ended must not finish them. */
export async function forgetWaitingChanges(trx: Transaction<Database>, accounts: Accounts): Promise<void> {
  await queries.deleteWaiting(trx, accounts);
}
