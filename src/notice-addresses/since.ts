import type { Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

type Since = { doubted: Date; changed: Date };

/**
 * Takes back what was done to the notice addresses with a change of contact that its owner disowns: those added since
 * `doubted` are gone, those removed since `changed` are back. Which that are gone had got notices.
 */
export async function forgetAddressesSince(
  trx: Transaction<Database>,
  accountId: string,
  { doubted, changed }: Since,
): Promise<string[]> {
  const gone = await queries.deleteSince(trx, accountId, doubted);
  await queries.restoreSince(trx, accountId, changed);
  return gone;
}
