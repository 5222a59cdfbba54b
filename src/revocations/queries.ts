import type { Kysely } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';
import type { Snapshot } from './cursor.ts';
import { type RevokingEvent, revokingTypes } from './rules.ts';

export type RevokingRow = RevokingEvent & { id: string; tx: string };
/** The place behind which a page begins: `(tx, id)`. */
export type Place = { tx: string; id: string };

const columns = 'id, tx::text as tx, at, type, account_id, session_id, detail';
// As it stands in the partial index `events_revoking`; parameters would not find it.
const isRevoking = `type in (${revokingTypes.map((type) => `'${type}'`).join(', ')})`;

const current = statement<{ snapshot: string }, []>(
  'current-snapshot',
  'select pg_current_snapshot()::text as snapshot',
);

export async function readSnapshot(db: Kysely<Database>): Promise<string> {
  return (await current(db))[0]?.snapshot ?? '';
}

const page = (since: string) =>
  `(select ${columns} from events where ${isRevoking} and ${since} and (tx, id) > ($3::xid8, $4::uuid)
    order by events.tx, events.id limit $5)`;

type NoRow = { [name in keyof RevokingRow]: null };
const after = statement<
  { snapshot: string } & (RevokingRow | NoRow),
  [next: string, open: string[], tx: string, id: string, limit: number]
>(
  'find-revoking-after',
  `select pg_current_snapshot()::text as snapshot, e.*
   from (select 1) as one left join (
     select * from (${page('tx >= $1::xid8')} union all ${page('tx = any($2::xid8[])')}) as both_pages
     order by tx::xid8, id limit $5) as e on true
   order by e.tx::xid8, e.id`,
);

/** A page of what became visible after `snapshot`, in the order of (tx, id), and the snapshot this was read with. */
export async function findAfter(
  db: Kysely<Database>,
  { next, open }: Snapshot,
  place: Place,
  limit: number,
): Promise<{ snapshot: string; rows: RevokingRow[] }> {
  const rows = await after(db, next, open, place.tx, place.id, limit);
  return { snapshot: rows[0]?.snapshot ?? '', rows: rows.filter((row): row is typeof row & RevokingRow => !!row.id) };
}

const since = statement<RevokingRow, [id: string, limit: number]>(
  'find-revoking-since',
  `select ${columns} from events where ${isRevoking} and id > $1 order by id limit $2`,
);

/** A page by id: ids are in the order of time. */
export async function findSince(db: Kysely<Database>, id: string, limit: number): Promise<RevokingRow[]> {
  return await since(db, id, limit);
}
