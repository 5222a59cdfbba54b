import type { Insertable, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

/** False where somebody has this address already. */
export async function insertAgent(trx: Transaction<Database>, row: Insertable<Database['agents']>): Promise<boolean> {
  const inserted = await trx
    .insertInto('agents')
    .values(row)
    .onConflict((conflict) => conflict.column('email_key').doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

type Changed = { role?: Insertable<Database['agents']>['role']; disabled_at?: Date | null };

export async function setAgent(trx: Transaction<Database>, id: string, changed: Changed): Promise<void> {
  await trx.updateTable('agents').set(changed).where('id', '=', id).execute();
}

/** Password and authenticator sign nobody in from this moment. */
export async function forgetCredentials(trx: Transaction<Database>, id: string): Promise<void> {
  await trx
    .updateTable('agents')
    .set({ password_hash: null, totp_secret: null, totp_last_step: 0 })
    .where('id', '=', id)
    .execute();
}

/** How many there were. */
export async function endSessions(
  trx: Transaction<Database>,
  agentId: string,
  reason: string,
  now: Date,
): Promise<number> {
  const ended = await trx
    .updateTable('sessions')
    .set({ ended_at: now, end_reason: reason })
    .where('agent_id', '=', agentId)
    .where('ended_at', 'is', null)
    .returning('id')
    .execute();
  return ended.length;
}
