import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

type Delivery = { id: string; kind: string; reaction: string; payload: object };
type EventRow = {
  type: string;
  actor: { kind: string; id?: string };
  detail: object;
  accountId?: string | undefined;
  sessionId?: string | undefined;
  deviceId?: string | undefined;
  caseId?: string | undefined;
  client?: { ip: string | undefined; userAgent: string | undefined; requestId: string } | undefined;
};

const COLUMNS = `insert into events (id, at, type, account_id, actor_kind, actor_id, session_id, device_id, case_id,
  ip, user_agent, request_id, detail) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`;

const insertAlone = statement<never, unknown[]>('insert-event', COLUMNS);

const insertWithDeliveries = statement<never, unknown[]>(
  'insert-event-with-deliveries',
  `with event as (${COLUMNS} returning id, account_id, case_id)
   insert into deliveries (id, event_id, kind, reaction, account_id, case_id, payload, created_at, next_attempt_at)
   select d.id, event.id, d.kind, d.reaction, event.account_id, event.case_id, d.payload, $2, $2
   from event, jsonb_to_recordset($14::jsonb) as d (id uuid, kind text, reaction text, payload jsonb)`,
);

export async function insertEvent(
  trx: Transaction<Database>,
  id: string,
  event: EventRow,
  deliveries: Delivery[],
  now: Date,
): Promise<void> {
  const { client } = event;
  const values = [
    id,
    now,
    event.type,
    event.accountId ?? null,
    event.actor.kind,
    event.actor.id ?? null,
    event.sessionId ?? null,
    event.deviceId ?? null,
    event.caseId ?? null,
    client?.ip ?? null,
    client?.userAgent?.slice(0, 400) ?? null,
    client?.requestId ?? null,
    JSON.stringify(event.detail),
  ];
  if (deliveries.length === 0) await insertAlone(trx, ...values);
  else await insertWithDeliveries(trx, ...values, JSON.stringify(deliveries));
}

type ManyEvents = (EventRow & { id: string; at?: Date })[];
type ManyDeliveries = (Delivery & { eventId: string; accountId?: string | undefined; caseId?: string | undefined })[];

/** Many events with their deliveries in two statements, whatever their number. */
export async function insertEvents(
  trx: Transaction<Database>,
  events: ManyEvents,
  deliveries: ManyDeliveries,
  now: Date,
): Promise<void> {
  const rows = events.map(({ actor, client, ...event }) => ({
    ...event,
    actorKind: actor.kind,
    actorId: actor.id,
    ip: client?.ip,
    userAgent: client?.userAgent?.slice(0, 400),
    requestId: client?.requestId,
  }));
  await sql`insert into events (id, at, type, account_id, actor_kind, actor_id, session_id, device_id, case_id,
      ip, user_agent, request_id, detail)
    select id, coalesce(at, ${now}), type, "accountId", "actorKind", "actorId", "sessionId", "deviceId", "caseId",
      ip, "userAgent", "requestId", detail
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as e (id uuid, at timestamptz, type text, "accountId" uuid,
      "actorKind" text, "actorId" uuid, "sessionId" uuid, "deviceId" uuid, "caseId" uuid, ip inet, "userAgent" text, "requestId" text,
      detail jsonb)`.execute(trx);
  if (deliveries.length === 0) return;
  await sql`insert into deliveries (id, event_id, kind, reaction, account_id, case_id, payload, created_at, next_attempt_at)
    select id, "eventId", kind, reaction, "accountId", "caseId", payload, ${now}, ${now}
    from jsonb_to_recordset(${JSON.stringify(deliveries)}::jsonb) as d (id uuid, "eventId" uuid, kind text,
      reaction text, "accountId" uuid, "caseId" uuid, payload jsonb)`.execute(trx);
}

export type SpineRow = Omit<Selectable<Database['events']>, 'tx' | 'salt' | 'erased_hash'>;

const columns = [
  'id',
  'at',
  'type',
  'account_id',
  'actor_kind',
  'actor_id',
  'session_id',
  'device_id',
  'case_id',
  'user_agent',
  'request_id',
  'detail',
] as const;
const address = sql<string | null>`host(ip)`.as('ip');

export async function findEvent(db: Kysely<Database>, id: string): Promise<SpineRow | undefined> {
  return await db.selectFrom('events').select(columns).select(address).where('id', '=', id).executeTakeFirst();
}

export type EventFilter = {
  accountId?: string | undefined;
  caseId?: string | undefined;
  actorId?: string | undefined;
  types?: readonly string[] | undefined;
  /** A type, or what is before its first dot. */
  kind?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  /** Ids are in the order of time: with these an index finds the beginning and the end. */
  firstId?: string | undefined;
  before?: string | undefined;
};

export async function listEvents(db: Kysely<Database>, filter: EventFilter, limit: number): Promise<SpineRow[]> {
  let query = db.selectFrom('events').select(columns).select(address);
  if (filter.accountId !== undefined) query = query.where('account_id', '=', filter.accountId);
  if (filter.caseId !== undefined) query = query.where('case_id', '=', filter.caseId);
  if (filter.actorId !== undefined) query = query.where('actor_id', '=', filter.actorId);
  // One by `=`: only then an index by type has them in order.
  if (filter.types?.length === 1) query = query.where('type', '=', filter.types[0] as string);
  else if (filter.types !== undefined) query = query.where('type', '=', sql<string>`any(${filter.types})`);
  const { kind } = filter;
  if (kind !== undefined) {
    query = query.where((eb) =>
      eb.or([eb('type', '=', kind), eb(eb.fn('starts_with', ['type', eb.val(`${kind}.`)]), '=', true)]),
    );
  }
  if (filter.from !== undefined) query = query.where('at', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('at', '<', filter.to);
  if (filter.firstId !== undefined) query = query.where('id', '>=', filter.firstId);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  return await query.orderBy('id', 'desc').limit(limit).execute();
}
