import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

export type EnrolmentRow = Selectable<Database['agent_enrolments']> & {
  email: string;
  locale: 'en' | 'zh-CN';
  role: Selectable<Database['agents']>['role'];
};

type NewEnrolment = { id: string; agentId: string; tokenHash: Buffer; expiresAt: Date };

export async function insertEnrolment(
  trx: Transaction<Database>,
  { id, agentId, tokenHash, expiresAt }: NewEnrolment,
  now: Date,
): Promise<void> {
  await trx
    .insertInto('agent_enrolments')
    .values({ id, agent_id: agentId, token_hash: tokenHash, created_at: now, expires_at: expiresAt })
    .execute();
}

const open = (db: Kysely<Database>, now: Date) =>
  db
    .selectFrom('agent_enrolments as e')
    .innerJoin('agents as a', 'a.id', 'e.agent_id')
    .selectAll('e')
    .select(['a.email', 'a.locale', 'a.role'])
    .where('e.used_at', 'is', null)
    .where('e.voided_at', 'is', null)
    .where('e.expires_at', '>', now)
    .where('a.disabled_at', 'is', null);

export async function findByToken(
  db: Kysely<Database>,
  tokenHash: Buffer,
  most: number,
  now: Date,
): Promise<EnrolmentRow | undefined> {
  return await open(db, now).where('e.token_hash', '=', tokenHash).where('e.attempts', '<', most).executeTakeFirst();
}

export async function findOpen(db: Kysely<Database>, id: string, now: Date): Promise<EnrolmentRow | undefined> {
  return await open(db, now).where('e.id', '=', id).executeTakeFirst();
}

/** One that was neither used nor ended, to be changed. */
const changing = (db: Kysely<Database>, id: string) =>
  db.updateTable('agent_enrolments').where('id', '=', id).where('used_at', 'is', null).where('voided_at', 'is', null);

/** Ends the way in that stands open, if one does. */
export async function voidOpen(trx: Transaction<Database>, agentId: string, now: Date): Promise<void> {
  await trx
    .updateTable('agent_enrolments')
    .set({ voided_at: now, password_hash: null, totp_secret: null })
    .where('agent_id', '=', agentId)
    .where('used_at', 'is', null)
    .where('voided_at', 'is', null)
    .execute();
}

type Pending = { passwordHash: string; sealedSecret: string };

/** What a code is to confirm; what was shown before is forgotten. The returned truth is the verdict. */
export async function setPending(
  trx: Transaction<Database>,
  id: string,
  { passwordHash, sealedSecret }: Pending,
  most: number,
  now: Date,
): Promise<boolean> {
  const row = await changing(trx, id)
    .set({ password_hash: passwordHash, totp_secret: sealedSecret })
    .where('attempts', '<', most)
    .where('expires_at', '>', now)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Counts a try before its code is looked at. The number is the verdict: past `most` there is none. */
export async function reserveAttempt(db: Kysely<Database>, id: string, most: number): Promise<number | undefined> {
  const row = await changing(db, id)
    .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
    .where('attempts', '<', most)
    .where('totp_secret', 'is not', null)
    .returning('attempts')
    .executeTakeFirst();
  return row?.attempts;
}

/** Spends the token on what the code confirmed. The returned truth is the verdict: one caller gets it. */
export async function redeem(
  trx: Transaction<Database>,
  { id, password_hash: passwordHash }: EnrolmentRow,
  now: Date,
): Promise<boolean> {
  const row = await changing(trx, id)
    .set({ used_at: now, password_hash: null, totp_secret: null })
    .where('password_hash', '=', passwordHash)
    .where('expires_at', '>', now)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

type Credentials = { passwordHash: string; sealedSecret: string; step: number };

/** False for an agent who was disabled meanwhile. */
export async function setCredentials(
  trx: Transaction<Database>,
  agentId: string,
  { passwordHash, sealedSecret, step }: Credentials,
): Promise<boolean> {
  const row = await trx
    .updateTable('agents')
    .set({ password_hash: passwordHash, totp_secret: sealedSecret, totp_last_step: step })
    .where('id', '=', agentId)
    .where('disabled_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** The agent first, as whoever disables or resets them: the other way round they could deadlock. */
export async function lockAgent(trx: Transaction<Database>, id: string): Promise<void> {
  await sql`select id from agents where id = ${id} for no key update`.execute(trx);
}
