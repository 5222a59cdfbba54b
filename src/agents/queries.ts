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

const redeem = statement<{ id: string }, [id: string, step: number, passwordHash: string, now: Date]>(
  'redeem-agent-totp-step',
  `update agents set totp_last_step = $2, signed_in_at = $4
   where id = $1 and totp_last_step < $2 and password_hash = $3 and disabled_at is null returning id`,
);

/** Spends a time step of the agent's authenticator, while the password is the one that was checked. The returned truth is the verdict. */
export async function redeemTotpStep(
  trx: Transaction<Database>,
  id: string,
  { step, passwordHash }: { step: number; passwordHash: string },
  now: Date,
): Promise<boolean> {
  return (await redeem(trx, id, step, passwordHash, now)).length === 1;
}

const noteLocks = statement<never, [key: Buffer, emailKey: string, until: Date]>(
  'note-agent-lock',
  `insert into agent_locks (counter_key, agent_id, locked_until) select $1, id, $3 from agents where email_key = $2
   on conflict (counter_key) do update set locked_until = excluded.locked_until`,
);

/** Of nobody there is none: the work is the same. */
export async function noteLock(trx: Transaction<Database>, key: Buffer, emailKey: string, until: Date): Promise<void> {
  await noteLocks(trx, key, emailKey, until);
}

/** The counters that locked the agent out, whether or not they still do. */
export async function listLocks(db: Kysely<Database>, agentId: string): Promise<Selectable<Database['agent_locks']>[]> {
  return await db.selectFrom('agent_locks').selectAll().where('agent_id', '=', agentId).execute();
}

export async function deleteLocks(trx: Transaction<Database>, keys: readonly Buffer[]): Promise<void> {
  await trx.deleteFrom('agent_locks').where('counter_key', 'in', keys).execute();
}

type LettingIn = {
  kind: 'make' | 'reset' | 'enable' | 'unlock';
  requested_by: string;
  decided_by: string | null;
  executed_at: Date;
};

/** Everything by which colleagues let this agent in. */
export async function listLettingsIn(db: Kysely<Database>, agentId: string): Promise<LettingIn[]> {
  return await db
    .selectFrom('staff_changes')
    .select(['kind', 'requested_by', 'decided_by', 'executed_at'])
    .where('agent_id', '=', agentId)
    .where('executed_at', 'is not', null)
    .where('kind', 'in', ['make', 'reset', 'enable', 'unlock'])
    .$narrowType<LettingIn>()
    .execute();
}
