import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';

export type SpineEvent = queries.SpineRow;
type EventFilter = queries.EventFilter;

export async function findEvent(db: Kysely<Database>, id: string): Promise<SpineEvent | undefined> {
  return await queries.findEvent(db, id);
}

/** Events as agents audit them, newest first. */
export async function listEvents(db: Kysely<Database>, filter: EventFilter, limit: number): Promise<SpineEvent[]> {
  return await queries.listEvents(db, filter, limit);
}
