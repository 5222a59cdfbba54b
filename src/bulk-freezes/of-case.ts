import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

/** What the one case of many accounts waits for before it can be closed: its bulk freeze, and the undo of it once that began. */
export async function findUnfinished(db: Kysely<Database>, caseId: string): Promise<string[]> {
  const freeze = await queries.findByCase(db, caseId);
  if (!freeze) return [];
  if (!freeze.finished_at) return ['freeze-finished'];
  return freeze.undo_started_at && !freeze.undone_at ? ['undo-finished'] : [];
}
