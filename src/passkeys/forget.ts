import type { Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** Takes a passkey from the account, under its lock; its name, or undefined where it has none such. */
export async function forgetPasskey(
  trx: Transaction<Database>,
  accountId: string,
  id: string,
): Promise<string | undefined> {
  return (await queries.deletePasskey(trx, accountId, id))?.name;
}
