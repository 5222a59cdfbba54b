import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/types.ts';
import type { Freeze } from './containment.ts';

type Told = { hasReport: boolean; hasContact: boolean; passwordSetAt: Date | null };

/** What was said in the case, and since when the account has its password. */
export async function findTold(db: Kysely<Database>, caseId: string, accountId: string): Promise<Told> {
  const { rows } = await sql<Told>`
    select exists (select from case_messages where case_id = ${caseId} and kind = 'report' and is_proven)
        or exists (select from anonymous_reports where case_id = ${caseId} and confirmed_at is not null) as "hasReport",
      exists (select from case_contacts where case_id = ${caseId} and party = 'owner') as "hasContact",
      (select set_at from passwords where account_id = ${accountId}) as "passwordSetAt"`.execute(db);
  return rows[0] as Told;
}

/** Holds of a case, and those of bulk freezes that its account is in: the way back from them leads through its own case. */
const ofCase = (caseId: string) => sql<boolean>`id in (
  select id from holds where case_id = ${caseId}
  union all select h.id from cases own join cases shared on shared.account_id is null
    join holds h on h.case_id = shared.id and h.account_id = own.account_id
  where own.id = ${caseId} and own.kind = 'takeover' and (own.closed_at is null or h.since < own.closed_at)
    and (h.released_at is null or h.released_at >= own.opened_at))`;

export async function listFreezes(db: Kysely<Database>, caseId: string): Promise<Freeze[]> {
  return await db
    .selectFrom('holds')
    .select(['since', 'until', 'released_at as releasedAt', 'release_reason as releaseReason'])
    .where(ofCase(caseId))
    .where('scope', '=', 'all')
    .execute();
}

type Span = { from: Date; until?: Date | undefined };

/** How many transactions nobody has said anything about, or only that they are the owner's without proof: inside the window, and those that reports of the case name. */
export async function countUnmarked(
  db: Kysely<Database>,
  { caseId, accountId }: { caseId: string; accountId: string },
  window: Span | undefined,
): Promise<number> {
  const inside = window
    ? sql`occurred_at >= ${window.from} and occurred_at <= coalesce(${window.until ?? null}::timestamptz, 'infinity')`
    : sql`false`;
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from transactions
    where account_id = ${accountId} and (marked_at is null or (marked_mine and not mark_proven)) and (${inside} or transaction_id in (
      select jsonb_array_elements_text(data->'transactionIds') from case_messages
      where case_id = ${caseId} and kind = 'report' and jsonb_typeof(data->'transactionIds') = 'array'))`.execute(db);
  return rows[0]?.n ?? 0;
}

type Standing = { id: string; scope: string; source: string; until: Date | null };

/** What holds the account because of this case. */
export async function listStandingOf(db: Kysely<Database>, caseId: string, now: Date): Promise<Standing[]> {
  return await db
    .selectFrom('holds')
    .select(['id', 'scope', 'source', 'until'])
    .where(ofCase(caseId))
    .where('released_at', 'is', null)
    .where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', now)]))
    .orderBy('since')
    .execute();
}
