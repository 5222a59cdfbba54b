import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

export async function findErasure(db: Kysely<Database>, accountId: string): Promise<Date | undefined> {
  const row = await db
    .selectFrom('erasures')
    .select('erased_at')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row?.erased_at;
}

export async function listOpenCases(trx: Transaction<Database>, accountId: string): Promise<string[]> {
  const rows = await trx
    .selectFrom('cases')
    .select('reference')
    .where('account_id', '=', accountId)
    .where('closed_at', 'is', null)
    .where(sql<boolean>`not (${isOfStrangers})`)
    .orderBy('id')
    .execute();
  return rows.map((row) => row.reference);
}

/** Strangers spoke in it, and nobody else said or did anything: else whoever can type an address could forbid an erasure. */
const isOfStrangers = sql<boolean>`exists (select from anonymous_reports as r where r.case_id = cases.id)
  and not exists (select from anonymous_reports as r where r.case_id = cases.id and r.confirmed_at is not null)
  and not exists (select from case_messages as m where m.case_id = cases.id)
  and not exists (select from case_contacts as k where k.case_id = cases.id)
  and not exists (select from holds as h where h.case_id = cases.id)
  and assignee_id is null`;

/** What is open by then is of strangers alone; nobody could work on it any more. */
export async function closeCases(trx: Transaction<Database>, accountId: string, now: Date): Promise<void> {
  await trx
    .updateTable('cases')
    .set({ closed_at: now })
    .where('account_id', '=', accountId)
    .where('closed_at', 'is', null)
    .execute();
}

/** Everything the person can be found under, as compared and as shown, also what it was before a change. */
export async function listNames(trx: Transaction<Database>, accountId: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select value as name from identifiers where account_id = ${accountId}
    union select unnest(array[email, username, phone, external_id]) from accounts where id = ${accountId}
    union select unnest(array[old_key, old_value, new_key, new_value]) from contact_changes where account_id = ${accountId}
    union select unnest(array[email, email_key]) from notice_addresses where account_id = ${accountId}`.execute(trx);
  return rows.map((row) => row.name).filter((name) => name !== null && name !== '');
}

/**
 * Empties what events say of the person; their rows and the chain of seals over them stand. What an agent read and which
 * sessions ended says nothing of the person, and others rely on it.
 */
export async function eraseEvents(trx: Transaction<Database>, accountId: string, pseudonyms: string[]): Promise<void> {
  await sql`update events set detail = '{}', ip = null, user_agent = null, salt = '',
      erased_hash = sha256(salt || convert_to(
        concat_ws(E'\\n', detail::text, coalesce(host(ip), ''), coalesce(user_agent, '')), 'utf8'))
    where erased_hash is null and id in (
      select id from events where account_id = ${accountId} and type not in ('account.read', 'sessions.revoked')
      union all
      select e.id from events e join cases c on c.id = e.case_id where c.account_id = ${accountId} and e.account_id is null
      union all
      select id from events where account_id is null
        and type in ('password-reset.requested', 'sign-up.requested', 'accounts.searched')
        and coalesce(detail->>'identifier', detail->>'email', detail->>'query') = any(${pseudonyms})
      union all
      select e.id from events e join deliveries d on d.id = (e.detail->>'deliveryId')::uuid
        where e.type = 'delivery.failed' and e.account_id is null and e.case_id is null and d.account_id = ${accountId})`.execute(
    trx,
  );
}

/** Empties what deliveries carry, also those asked for by name and not made yet. */
export async function eraseDeliveries(trx: Transaction<Database>, accountId: string, names: string[]): Promise<void> {
  await sql`update deliveries set payload = '{}', last_error = null where account_id = ${accountId}`.execute(trx);
  await sql`update deliveries set payload = '{}', last_error = null
    where account_id is null and delivered_at is null and failed_at is null and payload->>'identifier' = any(${names})`.execute(
    trx,
  );
  await sql`update deliveries set payload = '{}', last_error = null
    where account_id is null and failed_at is not null and payload->>'identifier' = any(${names})`.execute(trx);
}

/** Tables whose rows go with the person. Whatever else hangs on an account is in `eraseKept` or said there to be harmless. */
const gone = [
  'identifiers',
  'passwords',
  'totp_factors',
  'passkeys',
  'sms_factors',
  'webauthn_challenges',
  'grants',
  'recovery_codes',
  'wrong_codes',
  'challenges',
  'approvals',
  'unfreezes',
  'devices',
  'device_counts',
  'links',
  'contact_changes',
  'notice_addresses',
  'compromise_windows',
  'payee_quarantines',
  'anonymous_reports',
  'appeals',
  'case_feedback',
  'host_events',
] as const;

export async function deletePersonal(trx: Transaction<Database>, accountId: string, names: string[]): Promise<void> {
  for (const table of gone) await trx.deleteFrom(table).where('account_id', '=', accountId).execute();
  if (names.length > 0) await trx.deleteFrom('sign_ups').where('email_key', 'in', names).execute();
}

/** What is kept loses what names or describes the person: amounts, times and decisions stay, under the account's id. */
export async function eraseKept(
  trx: Transaction<Database>,
  accountId: string,
  pseudonymOf: (payee: string) => string,
): Promise<void> {
  await sql`update sessions set ip = null, user_agent = null where account_id = ${accountId}`.execute(trx);
  await sql`update holds set note = null where account_id = ${accountId}`.execute(trx);
  await sql`delete from case_messages using cases where cases.id = case_id and account_id = ${accountId}`.execute(trx);
  await sql`delete from case_contacts using cases where cases.id = case_id and account_id = ${accountId}`.execute(trx);
  await sql`delete from case_evidence using cases where cases.id = case_id and account_id = ${accountId}`.execute(trx);
  await sql`update cases set outcome_note = null where account_id = ${accountId}`.execute(trx);
  await sql`delete from window_proposals using cases where cases.id = case_id and account_id = ${accountId}`.execute(
    trx,
  );
  await sql`delete from verifications using cases where cases.id = case_id and account_id = ${accountId}`.execute(trx);
  await sql`update tickets set last_error = null from cases where cases.id = case_id and account_id = ${accountId}`.execute(
    trx,
  );
  const payees = await trx
    .selectFrom('transactions')
    .select('payee_id')
    .distinct()
    .where('account_id', '=', accountId)
    .where('payee_id', 'is not', null)
    .execute();
  const names = payees.map(({ payee_id }) => ({ was: payee_id as string, is: pseudonymOf(payee_id as string) }));
  // The hash of what was asked could be guessed at; without it the same transaction asked for again is a conflict.
  await sql`update transactions t set payee_name = null, ip = null, session_id = null, device_id = null,
      request_hash = '', mark_note = null, payee_id = (
        select p.is from jsonb_to_recordset(${JSON.stringify(names)}::jsonb) as p (was text, "is" text) where p.was = t.payee_id)
    where account_id = ${accountId}`.execute(trx);
}

export async function closeErased(trx: Transaction<Database>, accountId: string, now: Date): Promise<void> {
  await trx
    .updateTable('accounts')
    .set({
      external_id: null,
      email: '',
      email_confirmed_at: null,
      username: null,
      phone: null,
      phone_confirmed_at: null,
      locale: 'en',
      closed_at: now,
    })
    .where('id', '=', accountId)
    .execute();
  await trx.insertInto('erasures').values({ account_id: accountId, erased_at: now }).execute();
}

type Kept = { receipts: number; last_receipt: Date | null; transactions: number; last_transaction: Date | null };

export async function countKept(db: Kysely<Database>, accountId: string): Promise<Kept> {
  const { rows } = await sql<Kept>`
    select (select count(*)::int from receipts where account_id = ${accountId}) as receipts,
      (select max(issued_at) from receipts where account_id = ${accountId}) as last_receipt,
      (select count(*)::int from transactions where account_id = ${accountId}) as transactions,
      (select max(decided_at) from transactions where account_id = ${accountId}) as last_transaction`.execute(db);
  return rows[0] as Kept;
}

type Retention = { receiptsBefore: Date; transactionsBefore: Date };

/** Deletes every receipt and what was kept of erased accounts that is past its time, and then what nothing kept hangs on any more. */
export async function deletePastRetention(
  trx: Transaction<Database>,
  { receiptsBefore, transactionsBefore }: Retention,
): Promise<void> {
  const erased = sql`account_id in (select account_id from erasures)`;
  await sql`delete from receipts where issued_at < ${receiptsBefore}`.execute(trx);
  await sql`delete from transactions where ${erased} and decided_at < ${transactionsBefore}`.execute(trx);
  const { rows } = await sql<{ id: string }>`
    select account_id as id from erasures e where erased_at < ${receiptsBefore}
      and not exists (select from receipts r where r.account_id = e.account_id)
      and not exists (select from transactions t where t.account_id = e.account_id) limit 1000`.execute(trx);
  const ids = rows.map((row) => row.id);
  if (ids.length === 0) return;
  await sql`delete from bulk_freeze_accounts where account_id = any(${ids})`.execute(trx);
  await sql`delete from holds where account_id = any(${ids})`.execute(trx);
  await sql`delete from tickets using cases where cases.id = case_id and account_id = any(${ids})`.execute(trx);
  await sql`delete from cases where account_id = any(${ids})`.execute(trx);
  await sql`delete from accounts where id = any(${ids})`.execute(trx);
}
