import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** When an appeal opened this case again, if one did. */
export async function findReopenedAt(db: Kysely<Database>, caseId: string): Promise<Date | undefined> {
  return await queries.findReopenedAt(db, caseId);
}
