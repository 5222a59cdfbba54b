import type { Kysely, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

/** What a sign-in writes whatever its browser: the password's failures end, a session begins, the event tells of both. */
export type NewSession = {
  accountId: string;
  now: Date;
  sessionId: string;
  deviceId: string;
  /** Null where no password was asked for. */
  counterKey: Buffer | null;
  reservedAt: Date | null;
  acr: 'aal1' | 'aal2';
  amr: string[];
  expiresAt: Date;
  ip: string;
  userAgent: string | null;
  eventId: string;
  requestId: string;
  eventDetail: string;
};

/** One statement for all of it: most of a sign-in's cost beside the hash is in round trips. */
const write = (account: string, device: string) => `with ${account}, ${device},
 counter as (
   update attempt_counters set failures = 0, locks = 0, blocked_until = null,
     in_flight = without_one(in_flight, $6::timestamptz)
   from device where key = $5 returning key),
 cleared as (
   update passwords set consecutive_failures = 0 from account
   where account_id = account.id and consecutive_failures > 0 and $5::bytea is not null
     and (select count(*) from counter) >= 0),
 session as (
   insert into sessions (id, account_id, device_id, acr, amr, auth_time, created_at, last_seen_at, expires_at, ip, user_agent)
   select $3::uuid, account.id, device.id, $7, $8::text[], $2::timestamptz, $2::timestamptz, $2::timestamptz,
     $9::timestamptz, $10::inet, $11 from account, device),
 event as (
   insert into events (id, at, type, account_id, actor_kind, actor_id, session_id, device_id, ip, user_agent, request_id, detail)
   select $12::uuid, $2::timestamptz, 'sign-in.succeeded', account.id, 'owner', account.id, $3::uuid, device.id,
     $10::inet, $11, $13, $14::jsonb from account, device)
 select token_generation from device`;

const valuesOf = (s: NewSession) => [
  s.accountId,
  s.now,
  s.sessionId,
  s.deviceId,
  s.counterKey,
  s.reservedAt,
  s.acr,
  s.amr,
  s.expiresAt,
  s.ip,
  s.userAgent,
  s.eventId,
  s.requestId,
  s.eventDetail,
];

const writeNew = statement<{ token_generation: number }, unknown[]>(
  'write-session',
  write('account as (select $1::uuid as id)', 'device as (select $4::uuid as id, 0 as token_generation)'),
);

/** Only under the gate's lock and for a device that this transaction added. */
export async function writeSession(trx: Transaction<Database>, session: NewSession): Promise<void> {
  await writeNew(trx, ...valuesOf(session));
}

type Returning = {
  /** What the account must still be at: whoever takes it for a change raises this. */
  accountVersion: number;
  stoppingScopes: string[];
  /** The password that was checked; null where a challenge stands for it. */
  passwordSetAt: Date | null;
  /** Of the token that was presented; null where only an earlier step of the sign-in saw it. */
  generation: number | null;
};

// The lock waits for a freeze under way. The holds are then read with a snapshot from before it, but a row that changed
// meanwhile is judged anew once it is locked: the freeze raised the version, and nothing is written.
const returnTo = statement<{ token_generation: number }, unknown[]>(
  'return-to-account',
  write(
    `queue as materialized (select pg_advisory_xact_lock_shared(hashtextextended($1::uuid::text, 0))),
 account as materialized (
   select a.id from accounts a, queue
   where a.id = $1::uuid and a.version = $15 and a.closed_at is null
     and not exists (
       select from holds h where h.account_id = $1::uuid and h.scope = any($16::text[]) and h.released_at is null
         and (h.until is null or h.until > $2::timestamptz))
     and ($17::timestamptz is null or exists (
       select from passwords p where p.account_id = $1::uuid and p.disabled_at is null
         and date_trunc('milliseconds', p.set_at) = $17::timestamptz))
   for share of a)`,
    `device as (
   update devices set token_generation = coalesce($18::int, token_generation) + 1, user_agent = $11, ip = $10::inet,
     last_seen_at = $2::timestamptz
   from account where devices.id = $4::uuid and devices.account_id = account.id
     and ($18::int is null or token_generation in ($18::int, $18::int + 1)) returning devices.id, token_generation)`,
  ),
);

/**
 * The gate and everything that is issued behind it, for a known browser whose account did not change since it was read.
 * Undefined, and nothing written, where anything is otherwise. Answers the generation of the device's next token; the one
 * presented stays good until the next is used, and then has the same next: an answer that got lost makes no stranger.
 */
export async function writeReturn(
  db: Kysely<Database>,
  session: NewSession,
  { accountVersion, stoppingScopes, passwordSetAt, generation }: Returning,
): Promise<number | undefined> {
  const [row] = await returnTo(db, ...valuesOf(session), accountVersion, stoppingScopes, passwordSetAt, generation);
  return row?.token_generation;
}
