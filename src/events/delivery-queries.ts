import type { Kysely, Selectable, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

export type DeliveryRow = Selectable<Database['deliveries']>;

/** A delivery with the event that caused it. */
export type Claimed = Pick<
  DeliveryRow,
  'id' | 'event_id' | 'kind' | 'reaction' | 'account_id' | 'case_id' | 'attempts'
> & {
  payload: Record<string, unknown>;
  event_type: string;
  at: Date;
  ip: string | null;
  user_agent: string | null;
  detail: Record<string, unknown>;
};

const claim = statement<Claimed, [worker: string, most: number, now: Date, until: Date, kind: DeliveryRow['kind']]>(
  'claim-deliveries',
  `with due as (
     select id from deliveries
     where kind = $5 and delivered_at is null and failed_at is null and next_attempt_at <= $3 and (leased_until is null or leased_until <= $3)
     order by next_attempt_at limit $2 for update skip locked),
   claimed as (
     update deliveries d set leased_until = $4, leased_by = $1, attempts = d.attempts + 1
     from due where d.id = due.id returning d.*)
   select c.id, c.event_id, c.kind, c.reaction, c.account_id, c.case_id, c.attempts, c.payload,
     e.type as event_type, e.at, host(e.ip) as ip, e.user_agent, e.detail
   from claimed c join events e on e.id = c.event_id`,
);

export async function claimDeliveries(
  db: Kysely<Database>,
  worker: string,
  kind: DeliveryRow['kind'],
  most: number,
  now: Date,
  until: Date,
): Promise<Claimed[]> {
  return await claim(db, worker, most, now, until, kind);
}

export async function renewLeases(db: Kysely<Database>, worker: string, ids: string[], until: Date): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ leased_until: until })
    .where('id', 'in', ids)
    .where('leased_by', '=', worker)
    .where('delivered_at', 'is', null)
    .execute();
}

export async function handBack(db: Kysely<Database>, worker: string): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ leased_until: null, leased_by: null })
    .where('leased_by', '=', worker)
    .where('delivered_at', 'is', null)
    .where('failed_at', 'is', null)
    .execute();
}

export async function copyDelivery(
  db: Kysely<Database>,
  { event_id, kind, reaction, account_id, case_id }: Claimed,
  copy: { id: string; recipient: string; payload: string },
  now: Date,
): Promise<void> {
  await db
    .insertInto('deliveries')
    .values({ ...copy, event_id, kind, reaction, account_id, case_id, created_at: now, next_attempt_at: now })
    .onConflict((conflict) => conflict.columns(['event_id', 'reaction', 'recipient']).doNothing())
    .execute();
}

export async function markDelivered(db: Kysely<Database>, id: string, now: Date): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ delivered_at: now, last_error: null, leased_until: null, payload: '{}' })
    .where('id', '=', id)
    .execute();
}

type Attempt = { id: string; attempts: number };

/** As are all verdicts on a failure: void once another worker took the delivery up or delivered it. */
export async function postpone(
  db: Kysely<Database>,
  { id, attempts }: Attempt,
  until: Date,
  error: string,
): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ next_attempt_at: until, leased_until: null, leased_by: null, last_error: error })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('delivered_at', 'is', null)
    .execute();
}

/** Returns whether it was this attempt's to give up. */
export async function giveUp(
  trx: Transaction<Database>,
  { id, attempts }: Attempt,
  now: Date,
  error: string,
): Promise<boolean> {
  const row = await trx
    .updateTable('deliveries')
    .set({ failed_at: now, leased_until: null, leased_by: null, last_error: error })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('delivered_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function replay(trx: Transaction<Database>, id: string, now: Date): Promise<boolean> {
  const row = await trx
    .updateTable('deliveries')
    .set({ failed_at: null, attempts: 0, next_attempt_at: now })
    .where('id', '=', id)
    .where('failed_at', 'is not', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export type Status = 'waiting' | 'delivered' | 'failed';

export async function listDeliveries(
  db: Kysely<Database>,
  status: Status | undefined,
  limit: number,
  before: string | undefined,
): Promise<DeliveryRow[]> {
  return await db
    .selectFrom('deliveries')
    .selectAll()
    .$if(status === 'failed', (query) => query.where('failed_at', 'is not', null))
    .$if(status === 'delivered', (query) => query.where('delivered_at', 'is not', null))
    .$if(status === 'waiting', (query) => query.where('delivered_at', 'is', null).where('failed_at', 'is', null))
    .$if(before !== undefined, (query) => query.where('id', '<', before as string))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}
