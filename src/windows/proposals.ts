import type { Kysely, Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import type { SpineEvent } from '../events/spine.ts';
import { DAY, plus } from '../time.ts';
import * as queries from './queries.ts';

/** Whoever presses may be the thief: an old entry must not put all that the owner ever bound into doubt. */
const LONGEST = 30 * DAY;

type Denied = { accountId: string; caseId: string; event: Pick<SpineEvent, 'id' | 'at'>; client: Client };

/**
 * Notes for agents since when somebody else may have been in the account: from the entry that its owner denies, at most 30
 * days back. It marks nothing; only an agent sets a window. Of several the earliest stands.
 */
export async function proposeWindow(
  trx: Transaction<Database>,
  { accountId, caseId, event, client }: Denied,
  now: Date,
): Promise<void> {
  const from = new Date(Math.max(event.at.getTime(), plus(now, -LONGEST).getTime()));
  if (!(await queries.proposeWindow(trx, { caseId, from, eventId: event.id }, now))) return;
  const actor = { kind: 'owner', id: accountId } as const;
  const detail = { from: from.toISOString(), eventId: event.id };
  await record(trx, { type: 'window.proposed', actor, accountId, caseId, client, detail }, now);
}

type Proposal = { from: Date; eventId: string; at: Date };

/** What the owner's "this wasn't me" proposes for this case's window, if they pressed it. */
export async function findProposal(db: Kysely<Database>, caseId: string): Promise<Proposal | undefined> {
  const row = await queries.findProposal(db, caseId);
  return row && { from: row.from_at, eventId: row.event_id, at: row.proposed_at };
}
