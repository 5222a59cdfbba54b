import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** Whether the account is watched now: also past its time, until somebody looked at it and signed it off. */
export async function findWatch(db: Kysely<Database>, accountId: string): Promise<queries.WatchRow | undefined> {
  return await queries.findOpen(db, accountId);
}

/** The last watch of a case, over or not. */
export async function findWatchOfCase(db: Kysely<Database>, caseId: string): Promise<queries.WatchRow | undefined> {
  return await queries.findLatestOfCase(db, caseId);
}
