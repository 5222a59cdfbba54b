import type { Transaction } from 'kysely';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

type SystemNote = { body: string; data: Record<string, unknown> };

/** What the service itself has to say to agents in a case; its owner does not see it. */
export async function addSystemNote(
  trx: Transaction<Database>,
  caseId: string,
  { body, data }: SystemNote,
  now: Date,
): Promise<void> {
  await queries.insertMessage(trx, {
    id: newId(now),
    case_id: caseId,
    author_kind: 'system',
    author_id: null,
    kind: 'note',
    is_proven: true,
    body,
    data: JSON.stringify(data),
    created_at: now,
  });
}
