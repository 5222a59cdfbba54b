import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { type Accounts, listOf } from '../db/accounts.ts';
import type { Database } from '../db/types.ts';

type ChangeRow = Selectable<Database['contact_changes']>;
export type Kind = ChangeRow['kind'];
type Owner = { email: string; username: string | null; phone: string | null; phone_confirmed_at: Date | null };

export async function findOwner(db: Kysely<Database>, accountId: string): Promise<Owner> {
  return await db
    .selectFrom('accounts')
    .select(['email', 'username', 'phone', 'phone_confirmed_at'])
    .where('id', '=', accountId)
    .executeTakeFirstOrThrow();
}

/** The newest wish is the one that counts; the link or code of the one before it opens nothing any more. */
export async function replaceWaiting(
  trx: Transaction<Database>,
  change: Insertable<Database['contact_changes']>,
): Promise<void> {
  await trx
    .deleteFrom('contact_changes')
    .where('account_id', '=', change.account_id)
    .where('kind', '=', change.kind)
    .where('confirmed_at', 'is', null)
    .execute();
  await trx.insertInto('contact_changes').values(change).execute();
}

export async function deleteWaiting(trx: Transaction<Database>, accounts: Accounts): Promise<void> {
  await trx
    .deleteFrom('contact_changes')
    .where('account_id', 'in', listOf(accounts))
    .where('confirmed_at', 'is', null)
    .execute();
}

/** Puts the change into force. The returned row is the verdict: one caller gets it. */
export async function confirmChange(
  trx: Transaction<Database>,
  id: string,
  accountId: string,
  undoUntil: Date,
  now: Date,
): Promise<ChangeRow | undefined> {
  return await trx
    .updateTable('contact_changes')
    .set({ confirmed_at: now, undo_until: undoUntil })
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('confirmed_at', 'is', null)
    .where('expires_at', '>', now)
    .returningAll()
    .executeTakeFirst();
}

/** Counts a code tried against the change of number that waits; undefined once there were too many or there is none. */
export async function reserveCode(
  db: Kysely<Database>,
  accountId: string,
  most: number,
  now: Date,
): Promise<ChangeRow | undefined> {
  return await db
    .updateTable('contact_changes')
    .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
    .where('account_id', '=', accountId)
    .where('kind', '=', 'phone')
    .where('confirmed_at', 'is', null)
    .where('attempts', '<', most)
    .where('expires_at', '>', now)
    .returningAll()
    .executeTakeFirst();
}

/** Undoes this change and those of its kind that came after it. The first row is the verdict; none where it is too late. */
export async function undoChanges(trx: Transaction<Database>, id: string, now: Date): Promise<ChangeRow[]> {
  return (
    await sql<ChangeRow>`update contact_changes later set undone_at = ${now}
      from contact_changes this
      where this.id = ${id} and this.confirmed_at is not null and this.undone_at is null and this.undo_until > ${now}
        and later.account_id = this.account_id and later.kind = this.kind and later.undone_at is null
        and (later.confirmed_at, later.id) >= (this.confirmed_at, this.id)
      returning later.*`.execute(trx)
  ).rows.sort((a, b) => Number(a.confirmed_at) - Number(b.confirmed_at) || (a.id < b.id ? -1 : 1));
}

/** Gives the account this identifier alone of its kind; what it was changed from stays its own while that can be undone. */
export async function settleIdentifiers(
  trx: Transaction<Database>,
  accountId: string,
  kind: Kind,
  current: string | null,
  now: Date,
): Promise<boolean> {
  const undoable = sql`select old_key, max(undo_until) as until from contact_changes
    where account_id = ${accountId} and kind = ${kind} and confirmed_at is not null and undone_at is null
      and undo_until > ${now} and old_key is not null and old_key is distinct from ${current} group by old_key`;
  await sql`delete from identifiers where account_id = ${accountId} and kind = ${kind}
    and value is distinct from ${current} and value not in (select old_key from (${undoable}) u)`.execute(trx);
  await sql`update identifiers i set confirmed_at = null, reserved_until = u.until
    from (${undoable}) u where i.account_id = ${accountId} and i.value = u.old_key`.execute(trx);
  if (current === null) return true;
  await trx
    .deleteFrom('identifiers')
    .where('value', '=', current)
    .where('account_id', '!=', accountId)
    .where('reserved_until', '<=', now)
    .execute();
  const held = await trx
    .insertInto('identifiers')
    .values({ value: current, kind, account_id: accountId, confirmed_at: now })
    .onConflict((conflict) =>
      conflict
        .column('value')
        .doUpdateSet({ confirmed_at: now, reserved_until: null })
        .where('identifiers.account_id', '=', accountId),
    )
    .returning('value')
    .executeTakeFirst();
  return held !== undefined;
}

export async function setContact(
  trx: Transaction<Database>,
  accountId: string,
  kind: Kind,
  value: string | null,
  now: Date,
): Promise<void> {
  const columns = {
    email: { email: value ?? '', email_confirmed_at: now },
    phone: { phone: value, phone_confirmed_at: value === null ? null : now },
    username: { username: value },
  };
  await trx.updateTable('accounts').set(columns[kind]).where('id', '=', accountId).execute();
}

/** What waits to be confirmed, and what can still be undone, newest first. */
export async function listChanges(db: Kysely<Database>, accountId: string, now: Date): Promise<ChangeRow[]> {
  return await db
    .selectFrom('contact_changes')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('undone_at', 'is', null)
    .where((eb) =>
      eb.or([eb('undo_until', '>', now), eb.and([eb('confirmed_at', 'is', null), eb('expires_at', '>', now)])]),
    )
    .orderBy('id', 'desc')
    .execute();
}

/** What the first change of address since then changed it from; undefined where it was not changed. */
export async function findFirstAddressChangedSince(
  db: Kysely<Database>,
  accountId: string,
  since: Date,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('contact_changes')
    .select('old_value')
    .where('account_id', '=', accountId)
    .where('kind', '=', 'email')
    .where('confirmed_at', '>=', since)
    .where('undone_at', 'is', null)
    .orderBy('confirmed_at')
    .orderBy('id')
    .executeTakeFirst();
  return row?.old_value ?? undefined;
}
