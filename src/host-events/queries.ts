import { sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';

/**
 * Keeps out whoever takes one of these accounts to itself, until the transaction ends: an erasure must not come between.
 * In one order, so that two of these never wait for each other.
 */
export async function shareAccounts(trx: Transaction<Database>, accountIds: readonly string[]): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(hashtextextended(id::text, 0))
    from (select distinct id from unnest(${accountIds}::uuid[]) as all_ids (id) order by id) as ids`.execute(trx);
}

type Told = { id: string; accountId: string; at: Date };

/** Takes ids that were not told before; those alone are answered. Two who tell the same wait for each other here. */
export async function claimHostEvents(trx: Transaction<Database>, told: readonly Told[]): Promise<Set<string>> {
  const { rows } = await sql<{ host_event_id: string }>`
    insert into host_events (host_event_id, account_id, at)
    select id, "accountId", at from jsonb_to_recordset(${JSON.stringify(told)}::jsonb)
      as t (id text, "accountId" uuid, at timestamptz) order by id
    on conflict do nothing returning host_event_id`.execute(trx);
  return new Set(rows.map((row) => row.host_event_id));
}
