import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/**
 * When somebody else may have come into the account, by its open cases: the earliest window an agent set, and where a case has
 * none, the one that the owner's "not me" proposes. Undefined where neither says.
 */
export async function findCompromise(db: Kysely<Database>, accountId: string): Promise<Date | undefined> {
  return await queries.findEarliestBegin(db, accountId);
}
