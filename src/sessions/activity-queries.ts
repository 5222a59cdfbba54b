import type { Kysely } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

/** `before`: what was noted later than this is not noted anew. `pausedBefore`: after a pause since then the session lapses. */
type Noting = { before: Date; pausedBefore: Date };

const touch = statement<never, [id: string, now: Date, before: Date, pausedBefore: Date]>(
  'touch-session',
  `update sessions set last_seen_at = $2, lapsed_at = case when last_seen_at < $4 then $2 else lapsed_at end
   where id = $1 and last_seen_at <= $3 and ended_at is null`,
);

export async function touchSession(
  db: Kysely<Database>,
  id: string,
  { before, pausedBefore }: Noting,
  now: Date,
): Promise<void> {
  await touch(db, id, now, before, pausedBefore);
}

type Noted = { found: number; noted: number };

// Whoever ends sessions locks them in an order of their own: rows that are taken are left, so that nobody waits in a ring.
const noteSeenSessions = statement<
  Noted,
  [ids: string[], now: Date, before: Date, seenAfter: Date, scopes: string[], pausedBefore: Date]
>(
  'note-seen-sessions',
  `with due as materialized (
     select s.id from sessions s join accounts a on a.id = s.account_id
     where s.id = any($1::uuid[]) and s.ended_at is null and s.expires_at > $2
       and s.last_seen_at > $4 and s.last_seen_at <= $3 and a.closed_at is null
       and not exists (
         select from holds h where h.account_id = a.id and h.scope = any($5::text[]) and h.released_at is null
           and (h.until is null or h.until > $2))),
   taken as materialized (
     select s.id from sessions s join due on due.id = s.id
     where s.ended_at is null and s.last_seen_at <= $3 for no key update of s skip locked),
   noted as (
     update sessions s set last_seen_at = $2, lapsed_at = case when s.last_seen_at < $6 then $2 else s.lapsed_at end
     from taken where s.id = taken.id returning s.id)
   select (select count(*)::int from noted) as noted, (select count(*)::int from due) as found`,
);

/**
 * Moves the last activity of those sessions to `now` whose own is no later than `before` and later than `seenAfter`, and
 * which neither ended nor are stopped by a hold of these scopes. How many are left, since others held them just then.
 */
export async function noteSeen(
  db: Kysely<Database>,
  ids: string[],
  when: Noting & { seenAfter: Date; stoppingScopes: string[] },
  now: Date,
): Promise<number> {
  const { before, seenAfter, stoppingScopes, pausedBefore } = when;
  const [row] = await noteSeenSessions(db, ids, now, before, seenAfter, stoppingScopes, pausedBefore);
  return row ? row.found - row.noted : 0;
}
