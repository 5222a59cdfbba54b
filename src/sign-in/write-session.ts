import type { Kysely, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';

/** What a sign-in writes whatever its browser: the password's failures end, a session begins, the event tells of both. */
export type NewSession = {
  accountId: string;
  now: Date;
  sessionId: string;
  deviceId: string;
  counterKey: Buffer;
  reservedAt: Date;
  acr: 'aal1' | 'aal2';
  amr: string[];
  expiresAt: Date;
  ip: string;
  userAgent: string | null;
  refreshHash: Buffer;
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
   where account_id = account.id and consecutive_failures > 0 and (select count(*) from counter) >= 0),
 session as (
   insert into sessions (id, account_id, device_id, acr, amr, auth_time, created_at, last_seen_at, expires_at, ip, user_agent)
   select $3::uuid, account.id, device.id, $7, $8::text[], $2::timestamptz, $2::timestamptz, $2::timestamptz,
     $9::timestamptz, $10::inet, $11 from account, device
   returning id),
 refresh as (
   insert into refresh_tokens (token_hash, session_id, issued_at) select $12::bytea, id, $2::timestamptz from session)
 insert into events (id, at, type, account_id, actor_kind, actor_id, session_id, device_id, ip, user_agent, request_id, detail)
 select $13::uuid, $2::timestamptz, 'sign-in.succeeded', account.id, 'owner', account.id, $3::uuid, device.id,
   $10::inet, $11, $14, $15::jsonb from account, device
 returning session_id`;

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
  s.refreshHash,
  s.eventId,
  s.requestId,
  s.eventDetail,
];

const writeNew = statement<{ session_id: string }, unknown[]>(
  'write-session',
  write('account as (select $1::uuid as id)', 'device as (select $4::uuid as id)'),
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
  presentedHash: Buffer | null;
  nextHash: Buffer;
};

// The lock waits for a freeze under way. The holds are then read with a snapshot from before it, but a row that changed
// meanwhile is judged anew once it is locked: the freeze raised the version, and nothing is written.
const returnTo = statement<{ session_id: string }, unknown[]>(
  'return-to-account',
  write(
    `queue as materialized (select pg_advisory_xact_lock_shared(hashtextextended($1::uuid::text, 0))),
 account as materialized (
   select a.id from accounts a, queue
   where a.id = $1::uuid and a.version = $16 and a.closed_at is null
     and not exists (
       select from holds h where h.account_id = $1::uuid and h.scope = any($17::text[]) and h.released_at is null
         and (h.until is null or h.until > $2::timestamptz))
     and ($18::timestamptz is null or exists (
       select from passwords p where p.account_id = $1::uuid and p.disabled_at is null
         and date_trunc('milliseconds', p.set_at) = $18::timestamptz))
   for share of a)`,
    `device as (
   update devices set token_hash = $20, user_agent = $11, ip = $10::inet, last_seen_at = $2::timestamptz,
     prior_token_hash = case when prior_token_hash = $19 then prior_token_hash else token_hash end
   from account where devices.id = $4::uuid and devices.account_id = account.id returning devices.id)`,
  ),
);

/**
 * The gate and everything that is issued behind it, for a known browser whose account did not change since it was read.
 * False, and nothing written, where anything is otherwise. Gives the device its next token; the one presented stays good
 * until the next is used.
 */
export async function writeReturn(
  db: Kysely<Database>,
  session: NewSession,
  { accountVersion, stoppingScopes, passwordSetAt, presentedHash, nextHash }: Returning,
): Promise<boolean> {
  const more = [accountVersion, stoppingScopes, passwordSetAt, presentedHash, nextHash];
  return (await returnTo(db, ...valuesOf(session), ...more)).length === 1;
}
