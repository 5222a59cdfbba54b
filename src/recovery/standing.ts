import type { Kysely } from 'kysely';
import { findCase } from '../cases/cases.ts';
import type { Database } from '../db/types.ts';
import { Problem } from '../problem.ts';
import { findStanding } from '../verifications/standing.ts';
import type { RecoveryRow } from './queries.ts';

/**
 * Whether what was offered still stands: its case is open and its owner's identity verified. What was vetoed or contested
 * since counts no more.
 */
export async function isStanding(db: Kysely<Database>, { case_id: caseId }: RecoveryRow): Promise<boolean> {
  const theCase = await findCase(db, caseId);
  if (!theCase || theCase.closed_at) return false;
  return (await findStanding(db, caseId)).level === 'verified';
}

/** What a token that opens nothing is told, whatever the cause. */
export function invalidToken(): Problem {
  return new Problem('invalid-token');
}
