import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** When the owner last contested what was asked for in this case: by a veto, or by using what was said to be lost. */
export async function findContestedAt(db: Kysely<Database>, caseId: string): Promise<Date | undefined> {
  return await queries.findContestedAt(db, caseId);
}
