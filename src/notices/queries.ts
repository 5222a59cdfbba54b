import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../db/types.ts';

type Recipient = { id: string; email: string; locale: 'en' | 'zh-CN'; email_confirmed_at: Date | null };

export async function findRecipient(db: Kysely<Database>, accountId: string): Promise<Recipient | undefined> {
  return await db
    .selectFrom('accounts')
    .select(['id', 'email', 'locale', 'email_confirmed_at'])
    .where('id', '=', accountId)
    .where('closed_at', 'is', null)
    .executeTakeFirst();
}

type Holder = Recipient & { reserved_until: Date | null };

/** Whose identifier it is; `reserved_until` where it was changed and is only kept for its account. */
export async function findRecipientByIdentifier(
  db: Kysely<Database>,
  value: string,
  now: Date,
): Promise<Holder | undefined> {
  return await db
    .selectFrom('identifiers')
    .innerJoin('accounts', 'accounts.id', 'identifiers.account_id')
    .select(['accounts.id', 'accounts.email', 'accounts.locale', 'accounts.email_confirmed_at'])
    .select('identifiers.reserved_until')
    .where('identifiers.value', '=', value)
    .where((eb) => eb.or([eb('reserved_until', 'is', null), eb('reserved_until', '>', now)]))
    .where('accounts.closed_at', 'is', null)
    .executeTakeFirst();
}

export async function findSignUp(
  db: Kysely<Database>,
  id: string,
): Promise<Selectable<Database['sign_ups']> | undefined> {
  return await db.selectFrom('sign_ups').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function deleteSignUp(db: Kysely<Database>, id: string): Promise<void> {
  await db.deleteFrom('sign_ups').where('id', '=', id).execute();
}

export async function findCaseReference(db: Kysely<Database>, id: string): Promise<string | undefined> {
  const row = await db.selectFrom('cases').select('reference').where('id', '=', id).executeTakeFirst();
  return row?.reference;
}

/** `is_new`: added for notices since `since`, perhaps by a thief. */
type Mailbox = { email: string; is_former: boolean; is_new: boolean };

/** Besides the account's address: those it had when something happened, or has since `since`, and those added for notices. */
export async function listOtherMailboxes(
  db: Kysely<Database>,
  accountId: string,
  at: Date,
  since: Date,
): Promise<Mailbox[]> {
  const added = await db
    .selectFrom('notice_addresses')
    .select(['email', 'added_at'])
    .where('account_id', '=', accountId)
    .where('confirmed_at', 'is not', null)
    .where((eb) => eb.or([eb('removed_at', 'is', null), eb('removed_at', '>', since)]))
    .execute();
  const former = await db
    .selectFrom('contact_changes')
    .select('old_value')
    .where('account_id', '=', accountId)
    .where('kind', '=', 'email')
    .where('old_value', 'is not', null)
    .where('undo_until', '>', at)
    .where('undone_at', 'is', null)
    .execute();
  return [
    ...former.map(({ old_value }) => ({ email: old_value as string, is_former: true, is_new: false })),
    ...added.map(({ email, added_at }) => ({ email, is_former: false, is_new: added_at > since })),
  ];
}

type WaitingSignIn = Pick<Recipient, 'id' | 'email' | 'locale'> & { expires_at: Date };

/** A half-done sign-in that a mailed code can go on with. */
export async function findWaitingSignIn(
  db: Kysely<Database>,
  challenge: Buffer,
  now: Date,
): Promise<WaitingSignIn | undefined> {
  return await db
    .selectFrom('challenges')
    .innerJoin('accounts', 'accounts.id', 'challenges.account_id')
    .select(['accounts.id', 'accounts.email', 'accounts.locale', 'challenges.expires_at'])
    .where('token_hash', '=', challenge)
    .where('challenges.codes_sent', '>', 0)
    .where('challenges.used_at', 'is', null)
    .where('challenges.expires_at', '>', now)
    .where('accounts.closed_at', 'is', null)
    .executeTakeFirst();
}

type Change = Selectable<Database['contact_changes']>;

export async function findWaitingChange(db: Kysely<Database>, id: string, now: Date): Promise<Change | undefined> {
  return await db
    .selectFrom('contact_changes')
    .selectAll()
    .where('id', '=', id)
    .where('confirmed_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
}

export async function findUndoableChange(db: Kysely<Database>, id: string, now: Date): Promise<Change | undefined> {
  return await db
    .selectFrom('contact_changes')
    .selectAll()
    .where('id', '=', id)
    .where('undo_until', '>', now)
    .where('undone_at', 'is', null)
    .executeTakeFirst();
}

/** When what was agreed to is due; undefined once it is done or over. */
export async function findVetoable(db: Kysely<Database>, id: string): Promise<Date | undefined> {
  const agreed = await db
    .selectFrom('approvals')
    .select('effective_at')
    .where('id', '=', id)
    .where('executed_at', 'is', null)
    .where('ended_at', 'is', null)
    .unionAll(
      db
        .selectFrom('unfreezes')
        .select('effective_at')
        .where('id', '=', id)
        .where('executed_at', 'is', null)
        .where('ended_at', 'is', null),
    )
    .executeTakeFirst();
  return agreed?.effective_at ?? undefined;
}

/** Confirmed numbers: the account's own, and those it had that a change can still be undone to. */
export async function listPhones(
  db: Kysely<Database>,
  accountId: string,
  at: Date,
): Promise<{ current: string | undefined; former: string[] }> {
  const account = await db
    .selectFrom('accounts')
    .select(['phone', 'phone_confirmed_at'])
    .where('id', '=', accountId)
    .executeTakeFirst();
  const changes = await db
    .selectFrom('contact_changes')
    .select('old_value')
    .where('account_id', '=', accountId)
    .where('kind', '=', 'phone')
    .where('old_value', 'is not', null)
    .where('undo_until', '>', at)
    .where('undone_at', 'is', null)
    .execute();
  const current = account?.phone_confirmed_at ? (account.phone ?? undefined) : undefined;
  const former = new Set(changes.map(({ old_value }) => old_value as string));
  if (current !== undefined) former.delete(current);
  return { current, former: [...former] };
}

/** The earliest change away from an identifier that can still be undone. */
export async function findChangeAway(
  db: Kysely<Database>,
  accountId: string,
  oldKey: string,
  now: Date,
): Promise<Change | undefined> {
  return await db
    .selectFrom('contact_changes')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('old_key', '=', oldKey)
    .where('undo_until', '>', now)
    .where('undone_at', 'is', null)
    .orderBy('confirmed_at')
    .executeTakeFirst();
}

export async function findWaitingAddress(
  db: Kysely<Database>,
  id: string,
): Promise<Selectable<Database['notice_addresses']> | undefined> {
  return await db
    .selectFrom('notice_addresses')
    .selectAll()
    .where('id', '=', id)
    .where('confirmed_at', 'is', null)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
}

type SmsCode = { id: string; phone: string; expires_at: Date; locale: 'en' | 'zh-CN' };

/** A texted code that still can be used, with the language its owner reads. */
export async function findSmsCode(db: Kysely<Database>, id: string, now: Date): Promise<SmsCode | undefined> {
  return await db
    .selectFrom('sms_codes')
    .innerJoin('accounts', 'accounts.id', 'sms_codes.account_id')
    .select(['sms_codes.id', 'sms_codes.phone', 'sms_codes.expires_at', 'accounts.locale'])
    .where('sms_codes.id', '=', id)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .where('accounts.closed_at', 'is', null)
    .executeTakeFirst();
}

/** Whether a hold of the account was released after `at`: freeze links for what came before it are void. */
export async function isReleasedSince(db: Kysely<Database>, accountId: string, at: Date): Promise<boolean> {
  const row = await db
    .selectFrom('holds')
    .select('id')
    .where('account_id', '=', accountId)
    .where('released_at', '>', at)
    .executeTakeFirst();
  return row !== undefined;
}

/** Everybody who works here. */
type AgentMailbox = { email: string; locale: 'en' | 'zh-CN' };

/** Everybody who works here, or of them the admins. */
export async function listAgentMailboxes(db: Kysely<Database>, which: 'all' | 'admins'): Promise<AgentMailbox[]> {
  return await db
    .selectFrom('agents')
    .select(['email', 'locale'])
    .where('disabled_at', 'is', null)
    .$if(which === 'admins', (query) => query.where('role', '=', 'admin').where('password_hash', 'is not', null))
    .orderBy('id')
    .execute();
}

export async function findAgentMailbox(db: Kysely<Database>, id: string): Promise<AgentMailbox | undefined> {
  return await db.selectFrom('agents').select(['email', 'locale']).where('id', '=', id).executeTakeFirst();
}
