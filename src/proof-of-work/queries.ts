import type { Kysely } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

const spend = statement<{ challenge_hash: Buffer }, [hash: Buffer, expiresAt: Date]>(
  'spend-work',
  'insert into spent_work (challenge_hash, expires_at) values ($1, $2) on conflict do nothing returning challenge_hash',
);

/** Uses the work up. The returned truth is the verdict: one of sixteen callers gets it. */
export async function spendWork(db: Kysely<Database>, challengeHash: Buffer, expiresAt: Date): Promise<boolean> {
  return (await spend(db, challengeHash, expiresAt)).length === 1;
}

export async function deleteSpentWork(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('spent_work').where('expires_at', '<', before).execute();
}
