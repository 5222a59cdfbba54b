import type { Kysely } from 'kysely';
import { firstIdOf } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { MINUTE, plus } from '../time.ts';
import * as queries from './queries.ts';

export type SpineEvent = queries.SpineRow;
export type EventFilter = Omit<queries.EventFilter, 'firstId'>;

const PAGE = 500;
/** Thousands of events in one millisecond have ids of the next ones. */
const CARRY = MINUTE;

export async function findEvent(db: Kysely<Database>, id: string): Promise<SpineEvent | undefined> {
  return await queries.findEvent(db, id);
}

/** Events, newest first: `from` included, `to` not. What comes in meanwhile moves no page that begins `before` an id. */
export async function listEvents(db: Kysely<Database>, filter: EventFilter, limit: number): Promise<SpineEvent[]> {
  return await queries.listEvents(db, bounded(filter), limit);
}

/** As `listEvents`, `most` of them in pages: no transaction is held while a reader takes their time. */
export async function* walkEvents(
  db: Kysely<Database>,
  filter: EventFilter,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<SpineEvent> {
  let { before } = filter;
  for (let left = most; left > 0; left -= PAGE) {
    const rows = await listEvents(db, { ...filter, before }, Math.min(PAGE, left));
    yield* rows;
    if (rows.length < PAGE) return;
    before = rows.at(-1)?.id;
  }
}

/** Whether it came from somebody who may be the owner: else its address is that of an agent or a server, nobody's business. */
export function isFromOutside(event: Pick<SpineEvent, 'type' | 'actor_kind'>): boolean {
  return event.actor_kind === 'owner' || event.actor_kind === 'anonymous' || event.type === 'host.event';
}

function bounded({ from, to, before, ...filter }: EventFilter): queries.EventFilter {
  const firstId = from && firstIdOf(plus(from, -CARRY));
  const end = to && firstIdOf(plus(to, CARRY));
  return { ...filter, from, to, firstId, before: end && !(before && before < end) ? end : before };
}
