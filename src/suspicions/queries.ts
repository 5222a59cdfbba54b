import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import type { RuleId, Seen } from './rules.ts';

/** A place in the spine: events are in the order of `(tx, id)`. */
type Place = { tx: string; id: string };
export type Trigger = Seen & Place & { accountId: string };

/** Waits for whoever moves it now: what is read from here on is theirs no more. */
export async function lockCursor(trx: Transaction<Database>): Promise<Place> {
  const { rows } = await sql<Place>`select tx::text as tx, id from rule_cursor for update`.execute(trx);
  return rows[0] as Place;
}

export async function moveCursor(trx: Transaction<Database>, { tx, id }: Place): Promise<void> {
  await sql`update rule_cursor set tx = ${tx}::xid8, id = ${id}::uuid`.execute(trx);
}

const seen = sql`id, type, at, device_id as "deviceId", host(ip) as ip, detail`;

/** What follows the place, up to the oldest transaction still open: an event with a smaller id may yet appear behind that. */
export async function listNext(
  db: Kysely<Database>,
  { tx, id }: Place,
  limit: number,
): Promise<(Seen & Place & { accountId: string | null })[]> {
  const { rows } = await sql<Seen & Place & { accountId: string | null }>`
    select ${seen}, tx::text as tx, account_id as "accountId" from events
    where (tx, id) > (${tx}::xid8, ${id}::uuid) and tx < pg_snapshot_xmin(pg_current_snapshot())
    order by events.tx, events.id limit ${limit}`.execute(db);
  return rows;
}

/** Triggers since `firstId`, in the order of time, a page behind the id `after`. */
export async function listTriggers(
  db: Kysely<Database>,
  types: readonly string[],
  after: string,
  limit: number,
): Promise<Trigger[]> {
  const { rows } = await sql<Trigger>`
    select ${seen}, tx::text as tx, account_id as "accountId" from events
    where id > ${after}::uuid and type = any(${types}) and account_id is not null order by id limit ${limit}`.execute(
    db,
  );
  return rows;
}

type Before = Place & { accountId: string; types: readonly string[]; firstId: string };

/** What stands before an event, newest first, of one account and these types, since `firstId`; its last hundred. */
export async function listPast(db: Kysely<Database>, { accountId, tx, id, types, firstId }: Before): Promise<Seen[]> {
  const { rows } = await sql<Seen>`
    select ${seen} from events where account_id = ${accountId} and id >= ${firstId}::uuid and type = any(${types})
      and (tx, id) < (${tx}::xid8, ${id}::uuid)
    order by id desc limit 100`.execute(db);
  return rows;
}

/** Of these accounts, those that have an event of this type since `firstId`. */
export async function listWith(
  db: Kysely<Database>,
  accountIds: readonly string[],
  type: string,
  firstId: string,
): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select a.id from unnest(${accountIds}::uuid[]) as a (id) where exists (
      select from events e where e.account_id = a.id and e.id >= ${firstId}::uuid and e.type = ${type})`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

type Payment = { isNewPayee: boolean; deviceId: string | null };

/** Whether money went to somebody whom this account never paid before. */
export async function findPayment(
  db: Kysely<Database>,
  accountId: string,
  transactionId: string,
): Promise<Payment | undefined> {
  const { rows } = await sql<Payment>`
    select t.device_id as "deviceId", not exists (
      select from transactions e where e.account_id = t.account_id and e.payee_id = t.payee_id and e.id < t.id) as "isNewPayee"
    from transactions t where t.transaction_id = ${transactionId} and t.account_id = ${accountId}
      and t.payee_id is not null and t.kind in ('payment', 'withdrawal')`.execute(db);
  return rows[0];
}

/** How many cases this rule opened since then, on whichever node. */
export async function countOpened(db: Kysely<Database>, rule: RuleId, firstId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from events where actor_kind = 'rule' and type = 'rule.matched' and id >= ${firstId}::uuid
      and detail->>'rule' = ${rule} and detail->>'outcome' = 'opened'`.execute(db);
  return rows[0]?.n ?? 0;
}

/** How many accounts rules froze since then, on whichever node. */
export async function countFrozen(db: Kysely<Database>, firstId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from events
    where actor_kind = 'rule' and type = 'account.frozen' and id >= ${firstId}::uuid`.execute(db);
  return rows[0]?.n ?? 0;
}

export async function wasThrottled(
  db: Kysely<Database>,
  { what, rule }: { what: string; rule: string },
  firstId: string,
): Promise<boolean> {
  const { rows } = await sql`
    select from events where actor_kind = 'rule' and type = 'rules.throttled' and id >= ${firstId}::uuid
      and detail->>'what' = ${what} and detail->>'rule' = ${rule} limit 1`.execute(db);
  return rows.length > 0;
}

type Count = { rule: string; matched: number; opened: number; joined: number; heldBack: number; frozen: number };

/** What each rule did between two ids. */
export async function countMatches(db: Kysely<Database>, firstId: string, endId: string): Promise<Count[]> {
  const { rows } = await sql<Count>`
    select detail->>'rule' as rule, count(*)::int as matched,
      count(*) filter (where detail->>'outcome' = 'opened')::int as opened,
      count(*) filter (where detail->>'outcome' = 'joined')::int as joined,
      count(*) filter (where detail->>'outcome' = 'held-back')::int as "heldBack",
      count(*) filter (where (detail->>'frozen')::boolean)::int as frozen
    from events where actor_kind = 'rule' and type = 'rule.matched' and id >= ${firstId}::uuid and id < ${endId}::uuid
    group by 1`.execute(db);
  return rows;
}

type Judged = { rule: RuleId; confirmed: number; falsePositives: number };

/** What agents found in the cases of each rule closed between two instants; of one that was merged, in the case it went into. */
export async function countOutcomes(db: Kysely<Database>, from: Date, to: Date): Promise<Judged[]> {
  const { rows } = await sql<Judged>`
    select cause as rule, count(*) filter (where found = 'confirmed')::int as confirmed,
      count(*) filter (where found = 'false-positive')::int as "falsePositives"
    from (
      select c.cause, case c.outcome when 'merged' then m.outcome else c.outcome end as found
      from cases c left join cases m on m.id = c.merged_into
      where c.cause is not null and c.closed_at >= ${from} and c.closed_at < ${to}) as closed
    group by 1`.execute(db);
  return rows;
}
