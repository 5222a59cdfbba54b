import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { startWithin } from './start.ts';
import { startUndo } from './undo-queries.ts';

type Agreed = { subject_id: string | null; requested_by: string; decided_by: string | null; reason: string };
type By = { actor: Actor; client?: Client | undefined };

/** Begins the freeze that a second person agreed to. */
export async function startAgreed(
  trx: Transaction<Database>,
  ctx: Context,
  { subject_id: id }: Agreed,
  { actor, client }: By,
  now: Date,
): Promise<void> {
  await startWithin(trx, ctx, { id: String(id), by: actor, client }, now);
}

/** Begins the undoing that a second person agreed to. */
export async function undoAgreed(
  trx: Transaction<Database>,
  _ctx: Context,
  { subject_id: id, requested_by, decided_by, reason: note }: Agreed,
  { actor, client }: By,
  now: Date,
): Promise<void> {
  const freeze = await startUndo(trx, String(id), { by: decided_by ?? requested_by, note }, now);
  if (!freeze) throw new Error(`bulk freeze ${id} cannot be undone`);
  const detail = { bulkFreezeId: freeze.id, note };
  const caseId = freeze.case_id ?? undefined;
  await record(trx, { type: 'bulk-freeze.undo-started', actor, caseId, client, detail }, now);
}
