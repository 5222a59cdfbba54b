import { type Kysely, sql } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';
import type { Cause, Outcomes, Sighting } from './rules.ts';

/** Keyed hashes of what was tried: nobody can read an address, a name or a password out of them. */
export type Try = { id: string; block: Buffer; identifier: Buffer; password: Buffer };

/** Enough tries to judge by: the work is bounded, whatever the flood. */
const LATEST = 400;

type Noting = [
  id: string,
  now: Date,
  block: Buffer,
  identifier: Buffer,
  password: Buffer,
  since: Date,
  lately: Date,
  openSince: Date,
];
type Noted = { cause: Cause } & Outcomes;

const outcomes = (cause: Cause, condition: string) => `
  select '${cause}' as cause, count(*) filter (where has_succeeded)::int as succeeded,
    count(*) filter (where has_failed and not has_succeeded)::int as failed,
    count(*) filter (where not has_failed and not has_succeeded)::int as open
  from (
    select identifier, bool_or(succeeded_at is not null) as has_succeeded,
      bool_or(failed_at is not null or at <= $8) as has_failed
    from (
      select identifier, at, failed_at, succeeded_at from stranger_tries where ${condition}
      order by at desc limit ${LATEST}) as latest
    group by identifier) as identifiers`;

const note = statement<Noted, Noting>(
  'note-stranger',
  `with noted as (
     insert into stranger_tries (id, at, block, identifier, password) values ($1, $2, $3, $4, $5)),
   unhurried as (select set_config('synchronous_commit', 'off', true))
   ${outcomes('address', 'block = $3 and at > $6')}
   union all ${outcomes('password', 'password = $5 and at > $6')}
   union all ${outcomes('service', 'at > $7')}`,
);

/** Notes the try before its password is looked at, and tells what else was tried around it: what is older is in vain. */
export async function noteTry(
  db: Kysely<Database>,
  { id, block, identifier, password }: Try,
  now: Date,
  { since, lately, openSince }: { since: Date; lately: Date; openSince: Date },
): Promise<Sighting> {
  const rows = await note(db, id, now, block, identifier, password, since, lately, openSince);
  const of = (cause: Cause) => rows.find((row) => row.cause === cause) ?? { failed: 0, open: 0, succeeded: 0 };
  return { address: of('address'), password: of('password'), service: of('service') };
}

const settle = statement<never, [id: string, now: Date]>(
  'settle-stranger',
  'update stranger_tries set succeeded_at = $2 where id = $1',
);

/** The try led to a sign-in: it speaks for its address from now on. */
export async function noteSuccess(db: Kysely<Database>, id: string, now: Date): Promise<void> {
  await settle(db, id, now);
}

const fail = statement<never, [id: string, now: Date]>(
  'fail-stranger',
  'update stranger_tries set failed_at = $2 where id = $1',
);

/** What it gave was wrong. */
export async function noteFailure(db: Kysely<Database>, id: string, now: Date): Promise<void> {
  await fail(db, id, now);
}

/** Notes that an attack goes on. True for the call that saw it first: it tells everybody. */
export async function noteAlarm(
  db: Kysely<Database>,
  alarm: { id: string; cause: Cause; subject: Buffer },
  now: Date,
  quietSince: Date,
): Promise<boolean> {
  const { rows } = await sql<{ is_new: boolean }>`
    insert into stuffing_alarms as a (id, cause, subject, began_at, seen_at)
    values (${alarm.id}, ${alarm.cause}, ${alarm.subject}, ${now}, ${now})
    on conflict (cause, subject) do update set seen_at = excluded.seen_at,
      id = case when a.seen_at < ${quietSince} then excluded.id else a.id end,
      began_at = case when a.seen_at < ${quietSince} then excluded.began_at else a.began_at end
    returning a.id = ${alarm.id} as is_new`.execute(db);
  return rows[0]?.is_new ?? false;
}

/** How strangers fared since then, in hours without an attack. */
export async function sumHours(db: Kysely<Database>, since: Date): Promise<{ failed: number; succeeded: number }> {
  const row = await db
    .selectFrom('stranger_hours')
    .select((eb) => [
      eb.fn.sum<string | null>('failed').as('failed'),
      eb.fn.sum<string | null>('succeeded').as('succeeded'),
    ])
    .where('hour', '>', since)
    .executeTakeFirst();
  return { failed: Number(row?.failed ?? 0), succeeded: Number(row?.succeeded ?? 0) };
}

/**
 * Moves what is older than `before` from single tries into the hour's sums, each once however many nodes do this. What
 * was tried while an alarm stood is forgotten: an attack must not become what is normal.
 */
export async function sumUp(db: Kysely<Database>, before: Date): Promise<void> {
  await sql`
    with gone as (delete from stranger_tries where at < ${before} returning at, identifier, succeeded_at),
    fared as (
      select date_trunc('hour', at) as hour, identifier, bool_or(succeeded_at is not null) as has_succeeded from gone
      where not exists (select from stuffing_alarms a where a.cause = 'service' and at between a.began_at - interval '5 minutes' and a.seen_at)
      group by 1, 2)
    insert into stranger_hours as h (hour, failed, succeeded)
    select hour, count(*) filter (where not has_succeeded), count(*) filter (where has_succeeded) from fared group by hour
    on conflict (hour) do update set failed = h.failed + excluded.failed, succeeded = h.succeeded + excluded.succeeded`.execute(
    db,
  );
}

export async function deleteOldHours(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('stranger_hours').where('hour', '<', before).execute();
}

export async function deleteOldAlarms(db: Kysely<Database>, before: Date): Promise<void> {
  await db.deleteFrom('stuffing_alarms').where('seen_at', '<', before).execute();
}

/** Whether somebody of the account was in this network before: a browser of theirs that lost its cookie is no stranger. */
export async function isFamiliarNetwork(db: Kysely<Database>, accountId: string, ip: string): Promise<boolean> {
  const { rows } = await sql<{ is_familiar: boolean }>`
    select exists (
      select from devices where account_id = ${accountId}
        and ip <<= set_masklen(${ip}::inet::cidr, case family(${ip}::inet) when 4 then 24 else 64 end)) as is_familiar`.execute(
    db,
  );
  return rows[0]?.is_familiar ?? false;
}
