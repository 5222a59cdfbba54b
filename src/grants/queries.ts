import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

type Row = Selectable<Database['grants']>;
/** A grant, and whether the session that asked for it still lives. */
export type GrantRow = Row & { is_session_live: boolean };

const LIVE = `exists (select from sessions s where s.id = g.session_id and s.ended_at is null and s.expires_at > $2)`;

export async function insertGrant(trx: Transaction<Database>, grant: Insertable<Database['grants']>): Promise<Row> {
  return await trx.insertInto('grants').values(grant).returningAll().executeTakeFirstOrThrow();
}

const findOwn = statement<GrantRow, [id: string, now: Date, accountId: string, sessionId: string]>(
  'find-own-grant',
  `select g.*, ${LIVE} as is_session_live from grants g where g.id = $1 and g.account_id = $3 and g.session_id = $4`,
);

/** The grant that this very session asked for. */
export async function findGrant(
  db: Kysely<Database>,
  id: string,
  { accountId, sessionId }: { accountId: string; sessionId: string },
  now: Date,
): Promise<GrantRow | undefined> {
  return (await findOwn(db, id, now, accountId, sessionId))[0];
}

const findByHash = statement<GrantRow, [tokenHash: Buffer, now: Date]>(
  'find-grant-by-token',
  `select g.*, ${LIVE} as is_session_live from grants g where g.token_hash = $1`,
);

export async function findGrantByToken(
  db: Kysely<Database>,
  tokenHash: Buffer,
  now: Date,
): Promise<GrantRow | undefined> {
  return (await findByHash(db, tokenHash, now))[0];
}

const reserve = statement<{ attempts: number }, [id: string, now: Date, most: number]>(
  'reserve-grant-attempt',
  `update grants set attempts = attempts + 1 where id = $1 and confirmed_at is null and voided_at is null
     and expires_at > $2 and attempts < $3 returning attempts`,
);

/** Takes one of the tries at an open request; which one it is, or undefined when there is none to take. */
export async function reserveGrantAttempt(
  db: Kysely<Database>,
  id: string,
  most: number,
  now: Date,
): Promise<number | undefined> {
  return (await reserve(db, id, now, most))[0]?.attempts;
}

/** The try was no guess: it is free again. */
export async function returnGrantAttempt(db: Kysely<Database>, id: string): Promise<void> {
  await db
    .updateTable('grants')
    .set((eb) => ({ attempts: eb('attempts', '-', 1) }))
    .where('id', '=', id)
    .where('attempts', '>', 0)
    .execute();
}

type Confirmation = { id: string; tokenHash: Buffer; factor: 'totp' | 'passkey'; expiresAt: Date };

const confirm = statement<{ id: string }, [id: string, now: Date, tokenHash: Buffer, factor: string, useUntil: Date]>(
  'confirm-grant',
  `update grants set confirmed_at = $2, token_hash = $3, factor = $4, expires_at = $5 where id = $1
     and confirmed_at is null and voided_at is null and expires_at > $2 returning id`,
);

/** Makes the token good. The returned truth is the verdict. */
export async function confirmGrant(trx: Transaction<Database>, grant: Confirmation, now: Date): Promise<boolean> {
  return (await confirm(trx, grant.id, now, grant.tokenHash, grant.factor, grant.expiresAt)).length === 1;
}

const use = statement<{ id: string }, [id: string, now: Date]>(
  'use-grant',
  `update grants g set used_at = $2 where g.id = $1 and g.confirmed_at is not null and g.used_at is null
     and g.voided_at is null and g.expires_at > $2 and ${LIVE} returning g.id`,
);

/** Spends a confirmed grant. The returned truth is the verdict. */
export async function spendGrant(trx: Transaction<Database>, id: string, now: Date): Promise<boolean> {
  return (await use(trx, id, now)).length === 1;
}

/** Ends what was not used yet. The returned truth is the verdict. */
export async function voidGrant(
  trx: Transaction<Database>,
  id: string,
  reason: NonNullable<Row['void_reason']>,
  now: Date,
): Promise<boolean> {
  const voided = await trx
    .updateTable('grants')
    .set({ voided_at: now, void_reason: reason })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .where('voided_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return voided !== undefined;
}
