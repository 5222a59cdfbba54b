import type { Kysely } from 'kysely';
import { firstIdOf } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { isVerifiedByOthers } from '../verifications/standing.ts';
import * as queries from './queries.ts';

/**
 * The earliest that anybody named as when somebody else came into the account, by its open cases: windows that agents set,
 * and what the owner's "not me" proposes. Undefined where neither says.
 */
export async function findCompromise(db: Kysely<Database>, accountId: string): Promise<Date | undefined> {
  return await queries.findEarliestBegin(db, accountId);
}

/**
 * When it was, as far as two people in support say so: one set each window, and others, who saw it, verified who the owner is. Undefined
 * where it is one person's word: that may make what is doubted more, never less.
 */
export async function findAgreedCompromise(db: Kysely<Database>, accountId: string): Promise<Date | undefined> {
  const windows = await queries.listSetWindows(db, accountId);
  for (const { case_id, set_by, set_at } of windows) {
    if (!(await isVerifiedByOthers(db, case_id, set_by, set_at))) return undefined;
  }
  return windows.map(({ began_at }) => began_at).sort((a, b) => a.getTime() - b.getTime())[0];
}

/** Whether one agent's undoing took a factor from the account since then: what is left of its proofs is less than it was. */
export async function isFactorUndone(db: Kysely<Database>, accountId: string, since: Date): Promise<boolean> {
  return await queries.hasUndoneFactor(db, accountId, firstIdOf(since));
}
