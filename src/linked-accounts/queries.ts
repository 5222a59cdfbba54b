import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/types.ts';

export type Shared = { what: 'address' | 'payee' | 'device'; value: string; account_id: string; sharers: number };

/**
 * Who else signed in from the same address, paid the same payee or paid with the same device since then: at most `most`
 * others for each value, with how many share it.
 */
export async function listShared(
  db: Kysely<Database>,
  accountId: string,
  since: Date,
  most: number,
): Promise<Shared[]> {
  const { rows } = await sql<Shared>`
    with own as (
      select 'address' as what, host(ip) as value from sessions where account_id = ${accountId} and created_at >= ${since} and ip is not null
      union select 'address', host(ip) from transactions where account_id = ${accountId} and occurred_at >= ${since} and ip is not null
      union select 'payee', payee_id from transactions where account_id = ${accountId} and occurred_at >= ${since} and payee_id is not null
      union select 'device', device_id::text from transactions where account_id = ${accountId} and occurred_at >= ${since} and device_id is not null),
    others as (
      select o.what, o.value, s.account_id from own o join sessions s on o.what = 'address' and s.ip = case when o.what = 'address' then o.value::inet end
        where s.account_id is not null and s.created_at >= ${since}
      union select o.what, o.value, t.account_id from own o join transactions t on o.what = 'address' and t.ip = case when o.what = 'address' then o.value::inet end
        where t.occurred_at >= ${since}
      union select o.what, o.value, t.account_id from own o join transactions t on o.what = 'payee' and t.payee_id = o.value
        where t.occurred_at >= ${since}
      union select o.what, o.value, t.account_id from own o join transactions t on o.what = 'device' and t.device_id = case when o.what = 'device' then o.value::uuid end
        where t.occurred_at >= ${since}),
    counted as (
      select what, value, account_id, count(*) over (partition by what, value)::int as sharers,
        row_number() over (partition by what, value order by account_id) as n
      from others join accounts a on a.id = account_id where account_id <> ${accountId} and a.closed_at is null)
    select what, value, account_id, sharers from counted where n <= ${most} order by sharers, what, value, account_id`.execute(
    db,
  );
  return rows;
}

export async function listHeld(db: Kysely<Database>, ids: readonly string[], now: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select distinct account_id as id from holds where account_id = any(${ids}::uuid[]) and scope = 'all'
      and released_at is null and (until is null or until > ${now})`.execute(db);
  return rows.map(({ id }) => id);
}
