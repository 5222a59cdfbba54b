import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/types.ts';

/** What can be born inside a window, and taken back. */
export type BornKind =
  | 'session'
  | 'device'
  | 'totp'
  | 'passkey'
  | 'sms'
  | 'recovery-codes'
  | 'contact-change'
  | 'notice-address'
  | 'payee'
  | 'transaction';

export type Born = {
  kind: BornKind;
  /** Of a payee the one that stands for the host's. */
  id: string;
  born_at: Date;
  state: 'active' | 'undone' | 'done';
  label: string;
  /** Of a change of contact: which; of a transaction: what was decided. */
  of: string | null;
};

type Span = { from: Date; until: Date };

/** Of an account: what stands, and from the spine what is gone already. */
const born = (accountId: string, { from, until }: Span) => {
  const inside = (column: string) => sql`${sql.ref(column)} between ${from} and ${until}`;
  const gone = (type: string, id: string, table: string, label: string) => sql`
    select e.at as born_at, e.detail->>${id} as id, ${label}::text as label from events e
    where e.account_id = ${accountId} and e.type = ${type} and ${inside('e.at')}
      and not exists (select from ${sql.table(table)} t where t.id::text = e.detail->>${id})`;
  return sql`
    select 'session' as kind, id::text, created_at as born_at,
      case when ended_at is null and expires_at > ${until} then 'active' when ended_at is null then 'done' else 'undone' end as state,
      concat_ws(' · ', host(ip), user_agent) as label, null as of
    from sessions where account_id = ${accountId} and ${inside('created_at')}
    union all select 'device', id::text, created_at, 'active', coalesce(user_agent, ''), null
    from devices where account_id = ${accountId} and ${inside('created_at')}
    union all select 'device', e.device_id::text, e.at, 'undone', coalesce(e.user_agent, ''), null from events e
    where e.account_id = ${accountId} and e.type = 'device.added' and ${inside('e.at')}
      and not exists (select from devices d where d.id = e.device_id)
    union all select 'totp', id::text, confirmed_at, 'active', name, null
    from totp_factors where account_id = ${accountId} and ${inside('confirmed_at')}
    union all select 'totp', id, born_at, 'undone', label, null
    from (${gone('totp.confirmed', 'factorId', 'totp_factors', '')}) g
    union all select 'passkey', id::text, created_at, 'active', name, null
    from passkeys where account_id = ${accountId} and ${inside('created_at')}
    union all select 'passkey', id, born_at, 'undone', label, null
    from (${gone('passkey.added', 'passkeyId', 'passkeys', '')}) g
    union all select 'sms', account_id::text, confirmed_at, 'active', '', null
    from sms_factors where account_id = ${accountId} and ${inside('confirmed_at')}
    union all select 'recovery-codes', account_id::text, min(created_at), 'active',
      (count(*) filter (where used_at is null))::text, null
    from recovery_codes where account_id = ${accountId} and ${inside('created_at')} group by account_id
    union all select 'contact-change', id::text, confirmed_at,
      case when undone_at is null then 'active' else 'undone' end, new_value, kind
    from contact_changes where account_id = ${accountId} and ${inside('confirmed_at')}
    union all select 'notice-address', id::text, added_at,
      case when removed_at is null then 'active' else 'undone' end, email, null
    from notice_addresses where account_id = ${accountId} and ${inside('added_at')}
    union all select 'payee', payee_key(payee_id)::text, min(occurred_at),
      case when exists (select from payee_quarantines q where q.account_id = ${accountId} and q.payee_id = transactions.payee_id
        and q.lifted_at is null) then 'undone' else 'active' end, coalesce(max(payee_name) || ' · ', '') || payee_id, null
    from transactions where account_id = ${accountId} and payee_id is not null
    group by payee_id having min(occurred_at) between ${from} and ${until}
    union all select 'transaction', id::text, occurred_at,
      case when marked_mine = false then 'undone' when outcome is not null then 'done' else 'active' end,
      concat_ws(' · ', amount::text || ' ' || currency, payee_name, payee_id), decision
    from transactions where account_id = ${accountId} and ${inside('occurred_at')}`;
};

const MOST = 1000;

export async function listBorn(db: Kysely<Database>, accountId: string, span: Span): Promise<Born[]> {
  const { rows } =
    await sql<Born>`select * from (${born(accountId, span)}) b order by born_at, id limit ${MOST}`.execute(db);
  return rows;
}

export async function findBorn(
  db: Kysely<Database>,
  accountId: string,
  { kind, id }: { kind: BornKind; id: string },
  span: Span,
): Promise<Born | undefined> {
  const { rows } = await sql<Born>`select * from (${born(accountId, span)}) b
    where kind = ${kind} and id = ${id} order by state limit 1`.execute(db);
  return rows[0];
}
