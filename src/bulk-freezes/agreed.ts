import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';

type Agreed = { subject_id: string | null; requested_by: string };

/** Begins the freeze that a second person agreed to. */
export async function startAgreed(_trx: Transaction<Database>, _ctx: Context, approval: Agreed): Promise<void> {
  throw new Error(`bulk freeze ${approval.subject_id} cannot begin yet`);
}

/** Begins the undoing that a second person agreed to. */
export async function undoAgreed(_trx: Transaction<Database>, _ctx: Context, approval: Agreed): Promise<void> {
  throw new Error(`bulk freeze ${approval.subject_id} cannot be undone yet`);
}
