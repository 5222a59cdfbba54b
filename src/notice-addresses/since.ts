import type { Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** Takes back what was done to the notice addresses since then, with a change of contact that its owner disowns. */
export async function forgetAddressesSince(trx: Transaction<Database>, accountId: string, since: Date): Promise<void> {
  await queries.deleteSince(trx, accountId, since);
  await queries.restoreSince(trx, accountId, since);
}
