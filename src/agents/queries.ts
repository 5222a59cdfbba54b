import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

export type AgentRow = Selectable<Database['agents']>;

export async function insertAgent(trx: Transaction<Database>, row: Insertable<Database['agents']>): Promise<void> {
  await trx.insertInto('agents').values(row).execute();
}

export async function findAgent(db: Kysely<Database>, emailKey: string): Promise<AgentRow | undefined> {
  return await db
    .selectFrom('agents')
    .selectAll()
    .where('email_key', '=', emailKey)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
}

export async function findActiveAgent(db: Kysely<Database>, id: string): Promise<AgentRow | undefined> {
  return await db
    .selectFrom('agents')
    .selectAll()
    .where('id', '=', id)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
}

export async function findAgentById(db: Kysely<Database>, id: string): Promise<AgentRow | undefined> {
  return await db.selectFrom('agents').selectAll().where('id', '=', id).executeTakeFirst();
}

const redeem = statement<{ id: string }, [id: string, step: number]>(
  'redeem-agent-totp-step',
  'update agents set totp_last_step = $2 where id = $1 and totp_last_step < $2 and disabled_at is null returning id',
);

/** Spends a time step of the agent's authenticator. The returned truth is the verdict. */
export async function redeemTotpStep(trx: Transaction<Database>, id: string, step: number): Promise<boolean> {
  return (await redeem(trx, id, step)).length === 1;
}
