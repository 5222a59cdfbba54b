import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';
import type { CaseKind } from './rules.ts';

/** A complaint, or being locked out, says nothing of a thief. */
const harmful: readonly CaseKind[] = ['takeover', 'suspicious-activity', 'unauthorised-transaction', 'scam'];

/**
 * Whether the owner says that something happened to their account, in a case that is open. One by a case token counts, being
 * all that a frozen owner has; what strangers say counts once the owner stands by it.
 */
export async function hasOwnerReported(db: Kysely<Database>, accountId: string): Promise<boolean> {
  if (await queries.hasOwnersReport(db, accountId, harmful)) return true;
  return await queries.hasConfirmedReport(db, accountId, harmful);
}
