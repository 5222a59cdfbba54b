import { CompiledQuery, type Kysely } from 'kysely';
import type { Database } from '../db/types.ts';

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
const PAGE = 500;

export type Row = Record<string, unknown>;

/** Every list of an export: what is held about the person, and no secret, no other person, no note among agents. */
// biome-ignore format: a table reads as one
const lists = {
  identifiers: `select value, kind, confirmed_at as "confirmedAt", reserved_until as "reservedUntil"
    from identifiers where account_id = $1 order by value`,
  contactChanges: `select kind, old_value as "oldValue", new_value as "newValue", requested_at as "requestedAt",
      confirmed_at as "confirmedAt", undone_at as "undoneAt" from contact_changes where account_id = $1 order by id`,
  noticeAddresses: `select email, added_at as "addedAt", confirmed_at as "confirmedAt", removed_at as "removedAt"
    from notice_addresses where account_id = $1 order by id`,
  secondFactors: `select 'totp' as factor, id, created_at as "createdAt", confirmed_at as "confirmedAt", last_used_at as "usedAt"
      from totp_factors where account_id = $1
    union all select 'passkey', id, created_at, created_at, last_used_at from passkeys where account_id = $1
    union all select 'sms', null, created_at, confirmed_at, null from sms_factors where account_id = $1
    union all select 'recovery-code', null, created_at, null, used_at from recovery_codes where account_id = $1`,
  devices: `select id, user_agent as "userAgent", host(ip) as ip, created_at as "createdAt", last_seen_at as "lastSeenAt"
    from devices where account_id = $1 order by id`,
  holds: `select scope, reason_code as "reasonCode", source, since, until, released_at as "releasedAt",
      case when source = 'owner' then note end as message from holds where account_id = $1 order by id`,
  cases: `select reference, kind, opened_at as "openedAt", respond_by as "respondBy", first_answer_at as "firstAnswerAt",
      solve_by as "solveBy", refund_due_at as "refundDueAt", refund_decision as "refundDecision",
      refund_decided_at as "refundDecidedAt", outcome, closed_at as "closedAt" from cases where account_id = $1 order by id`,
  grants: `select id, session_id as "sessionId", action, amount, currency, payee_id as "payeeId", payee_name as "payeeName",
      factor, requested_at as "requestedAt", confirmed_at as "confirmedAt", used_at as "usedAt", voided_at as "voidedAt",
      void_reason as "voidReason" from grants where account_id = $1 order by id`,
  caseContacts: `select c.reference as "caseReference", k.channel, k.summary, k.agreed, k.at
    from case_contacts k join cases c on c.id = k.case_id where c.account_id = $1 and k.party = 'owner' order by k.id`,
  caseEvidence: `select c.reference as "caseReference", e.kind, e.media_type as "mediaType", octet_length(e.content) as size,
      encode(e.sha256, 'hex') as sha256, e.added_at as at
    from case_evidence e join cases c on c.id = e.case_id where c.account_id = $1 order by e.id`,
  verifications: `select c.reference as "caseReference", v.kind, v.verified_at as at
    from verifications v join cases c on c.id = v.case_id where c.account_id = $1 order by v.id`,
  approvals: `select kind, requested_at as "requestedAt", effective_at as "effectiveAt", executed_at as "executedAt",
      ended_at as "endedAt", end_reason as "endReason" from approvals where account_id = $1 order by id`,
  unfreezes: `select proven_by as "provenBy", requested_at as "requestedAt", confirmed_at as "confirmedAt",
      effective_at as "effectiveAt", executed_at as "executedAt", ended_at as "endedAt", end_reason as "endReason"
    from unfreezes where account_id = $1 order by id`,
  appeals: `select c.reference as "caseReference", a.appealed_at as "appealedAt", a.answer_by as "answerBy"
    from appeals a join cases c on c.id = a.case_id where a.account_id = $1 order by a.appealed_at`,
  feedback: `select c.reference as "caseReference", f.rating, f.body, f.given_at as "givenAt"
    from case_feedback f join cases c on c.id = f.case_id where f.account_id = $1 order by f.given_at`,
  confirmedReports: `select reference, kind, message, received_at as "receivedAt", confirmed_at as "confirmedAt"
    from anonymous_reports where account_id = $1 and confirmed_at is not null order by id`,
  receipts: `select id, issued_at as "issuedAt", jws from receipts where account_id = $1 order by id`,
} as const;

/** Lists without an end, a page at a time: what is past the id `$2`, up to `$3` rows, each with its `id`. */
// biome-ignore format: a table reads as one
const paged = {
  sessions: `select id, device_id as "deviceId", acr, amr, auth_time as "signedInAt", last_seen_at as "lastSeenAt",
      ended_at as "endedAt", end_reason as "endReason", host(ip) as ip, user_agent as "userAgent"
    from sessions where account_id = $1 and id > $2 order by id limit $3`,
  messages: `select m.id, c.reference as "caseReference", m.author_kind as "from", m.kind, m.body, m.data, m.created_at as at
    from case_messages m join cases c on c.id = m.case_id
    where c.account_id = $1 and m.id > $2 and m.kind <> 'note' order by m.id limit $3`,
  transactions: `select id, transaction_id as "transactionId", kind, amount, currency, payee_id as "payeeId",
      payee_name as "payeeName", occurred_at as "occurredAt", host(ip) as ip, session_id as "sessionId",
      device_id as "deviceId", decision, status, decided_at as "decidedAt", marked_mine as "markedMine",
      marked_at as "markedAt", case when marked_by = 'owner' then mark_note end as "markNote", outcome, outcome_at as "outcomeAt"
    from transactions where account_id = $1 and id > $2 order by id limit $3`,
  mails: `select id, kind, reaction as "about", created_at as "createdAt", delivered_at as "deliveredAt", failed_at as "failedAt"
    from deliveries where account_id = $1 and id > $2 and kind <> 'ticket' order by id limit $3`,
  activity: `select id, type, at, actor_kind as "by", session_id as "sessionId", device_id as "deviceId",
      case when actor_kind in ('owner', 'anonymous') or type = 'host.event' then host(ip) end as ip,
      case when actor_kind in ('owner', 'anonymous') or type = 'host.event' then user_agent end as "userAgent", detail
    from events where account_id = $1 and id > $2 order by id limit $3`,
} as const;

export const listNames = Object.keys(lists) as (keyof typeof lists)[];
export const pagedNames = Object.keys(paged) as (keyof typeof paged)[];

export async function findProfile(db: Kysely<Database>, accountId: string): Promise<Row | undefined> {
  const rows = await run(
    db,
    `select a.id, external_id as "externalId", email, email_confirmed_at as "emailConfirmedAt", username, phone,
       phone_confirmed_at as "phoneConfirmedAt", locale, created_at as "createdAt", closed_at as "closedAt",
       p.set_at as "passwordSetAt", p.disabled_at as "passwordDisabledAt"
     from accounts a left join passwords p on p.account_id = a.id where a.id = $1`,
    [accountId],
  );
  return rows[0];
}

export async function findList(db: Kysely<Database>, name: keyof typeof lists, accountId: string): Promise<Row[]> {
  return await run(db, lists[name], [accountId]);
}

/** The rows of one list, page after page: no more than one of them is in memory. */
export async function* walk(db: Kysely<Database>, name: keyof typeof paged, accountId: string): AsyncGenerator<Row> {
  let after = BEFORE_ALL;
  for (;;) {
    const rows = await run(db, paged[name], [accountId, after, PAGE]);
    yield* rows;
    if (rows.length < PAGE) return;
    after = String(rows.at(-1)?.['id']);
  }
}

async function run(db: Kysely<Database>, text: string, values: unknown[]): Promise<Row[]> {
  const { rows } = await db.executeQuery(CompiledQuery.raw(text, values));
  return rows as Row[];
}
