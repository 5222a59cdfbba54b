import type { Kysely, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { ChallengesTable, Database } from '../db/types.ts';
import type { Policy } from '../policy.ts';
import { enrolled } from '../second-factors/enrolled.ts';
import { mustChange } from './queries.ts';

type Owed = ChallengesTable['owes'];

type NewChallenge = {
  hash: Buffer;
  accountId: string;
  owes: Owed;
  /** Of the password that was right before it. */
  passwordSetAt: Date | null;
  deviceId: string | null;
  /** That an enrolment will open. */
  sessionId?: string;
  counterKey: Buffer;
  tryId?: string | undefined;
  expiresAt: Date;
};

export async function insertChallenge(trx: Transaction<Database>, challenge: NewChallenge, now: Date): Promise<void> {
  await trx
    .insertInto('challenges')
    .values({
      token_hash: challenge.hash,
      account_id: challenge.accountId,
      owes: challenge.owes,
      password_set_at: challenge.passwordSetAt,
      device_id: challenge.deviceId,
      session_id: challenge.sessionId ?? null,
      counter_key: challenge.counterKey,
      try_id: challenge.tryId ?? null,
      created_at: now,
      expires_at: challenge.expiresAt,
    })
    .execute();
}

/** Of a wrong password or of nobody where `passwordSetAt` is null; the event is the right ones' alone. */
type NewUndisclosed = Omit<NewChallenge, 'accountId' | 'owes'> & {
  accountId: string | null;
  event: { id: string; ip: string; userAgent: string | null; requestId: string; detail: string };
};

const openUndisclosed = statement<never, unknown[]>(
  'open-undisclosed-challenge',
  `with challenge as (
     insert into challenges (token_hash, account_id, owes, password_set_at, device_id, counter_key, created_at, expires_at, try_id)
     values ($1, $2::uuid, 'undisclosed', $3::timestamptz, $4::uuid, $5, $6::timestamptz, $7, $13::uuid))
   insert into events (id, at, type, account_id, actor_kind, device_id, ip, user_agent, request_id, detail)
   select $8::uuid, $6::timestamptz, 'sign-in.challenged', $2::uuid, 'anonymous', $4::uuid, $9::inet, $10, $11, $12::jsonb
   where $3::timestamptz is not null`,
);

/** One statement, so that opening one takes as long for a wrong password as for a right one. */
export async function insertUndisclosed(db: Kysely<Database>, { event, ...c }: NewUndisclosed, now: Date) {
  const { id, ip, userAgent, requestId, detail } = event;
  const told = [id, ip, userAgent, requestId, detail];
  const kept = [c.hash, c.accountId, c.passwordSetAt, c.deviceId, c.counterKey, now, c.expiresAt];
  await openUndisclosed(db, ...kept, ...told, c.tryId ?? null);
}

/** That the password which was right before the challenge `c` still is the account's. */
const BACKED = `exists (select from passwords p where p.account_id = c.account_id and p.disabled_at is null
  and date_trunc('milliseconds', p.set_at) = c.password_set_at)`;

export type Reserved = {
  /** Null for nobody's: nothing answers it. */
  account_id: string | null;
  device_id: string | null;
  counter_key: Buffer;
  owes: Owed;
  codes_sent: number;
  try_id: string | null;
  is_backed: boolean;
};

const reserve = statement<Reserved, [hash: Buffer, most: number, now: Date]>(
  'reserve-challenge',
  `update challenges c set attempts = attempts + 1
   where token_hash = $1 and attempts < $2 and used_at is null and expires_at > $3 and owes <> 'enrolment'
     and (owes = 'undisclosed' or ${BACKED})
   returning account_id, device_id, counter_key, owes, codes_sent, try_id, ${BACKED} as is_backed`,
);

/**
 * Counts a try against the challenge; undefined once it is used, expired or tried too often, and where it says what it is
 * for also once its password was changed or disabled.
 */
export async function reserveChallenge(
  db: Kysely<Database>,
  hash: Buffer,
  most: number,
  now: Date,
): Promise<Reserved | undefined> {
  return (await reserve(db, hash, most, now))[0];
}

type Enrolling = { account_id: string; session_id: string; device_id: string | null; counter_key: Buffer };

const OPEN_ENROLMENT = `token_hash = $1 and used_at is null and expires_at > $2 and owes = 'enrolment' and ${BACKED}`;
const ENROLLING = 'account_id, session_id, device_id, counter_key';

const findEnrolling = statement<Enrolling, [hash: Buffer, now: Date]>(
  'find-enrolment',
  `select ${ENROLLING} from challenges c where ${OPEN_ENROLMENT}`,
);

/** What lets an account without a second factor bind one. */
export async function findEnrolment(db: Kysely<Database>, hash: Buffer, now: Date): Promise<Enrolling | undefined> {
  return (await findEnrolling(db, hash, now))[0];
}

const reserveEnrolling = statement<Enrolling, [hash: Buffer, now: Date, most: number]>(
  'reserve-enrolment',
  `update challenges c set attempts = attempts + 1 where ${OPEN_ENROLMENT} and attempts < $3 returning ${ENROLLING}`,
);

/** As `findEnrolment`, counting a try. */
export async function reserveEnrolment(
  db: Kysely<Database>,
  hash: Buffer,
  most: number,
  now: Date,
): Promise<Enrolling | undefined> {
  return (await reserveEnrolling(db, hash, now, most))[0];
}

type Redeemed = { change_required_at: Date | null; is_short: boolean; password_set_at: Date };

const redeem = statement<Redeemed, [hash: Buffer, now: Date, accountId: string]>(
  'redeem-challenge',
  `with redeemed as (
     update challenges c set used_at = $2 from passwords q
     where token_hash = $1 and used_at is null and c.account_id = $3 and q.account_id = c.account_id and ${BACKED}
     returning q.change_required_at, q.is_short, c.password_set_at, q.distrusted_by is not distinct from c.token_hash as is_cleared),
   cleared as (
     update passwords set change_required_at = null, distrusted_by = null from redeemed where account_id = $3 and is_cleared)
   select case when is_cleared then null else change_required_at end as change_required_at, is_short, password_set_at
   from redeemed`,
);

/**
 * Uses the challenge up, and takes back a distrust of the password that began with it: its owner answered. The returned row
 * is the verdict; it tells which password was before it, and whether that must be
 * changed, where it was all there was or beside a second factor.
 */
export async function redeemChallenge(
  trx: Transaction<Database>,
  { hash, accountId, isAlone }: { hash: Buffer; accountId: string; isAlone: boolean },
  policy: Policy,
  now: Date,
): Promise<{ mustChange: boolean; passwordSetAt: Date } | undefined> {
  const [row] = await redeem(trx, hash, now, accountId);
  if (!row) return undefined;
  return {
    mustChange: mustChange({ ...row, factors: isAlone ? null : [] }, policy),
    passwordSetAt: row.password_set_at,
  };
}

const countSent = statement<{ account_id: string }, [hash: Buffer, most: number, now: Date]>(
  'count-sent-code',
  `update challenges c set codes_sent = codes_sent + 1
   where token_hash = $1 and codes_sent < $2 and used_at is null and expires_at > $3
     and owes in ('email-code', 'undisclosed') and ${BACKED} and ${enrolled('c.account_id')} is null
   returning account_id`,
);

/** Undefined where a mailed code would not answer the challenge, or enough were sent. */
export async function countSentCode(
  trx: Transaction<Database>,
  hash: Buffer,
  most: number,
  now: Date,
): Promise<{ account_id: string } | undefined> {
  return (await countSent(trx, hash, most, now))[0];
}

const findAfterPassword = statement<{ account_id: string; expires_at: Date }, [hash: Buffer, now: Date]>(
  'find-textable-challenge',
  `select account_id, expires_at from challenges c
   where token_hash = $1 and used_at is null and expires_at > $2 and owes in ('second-factor', 'undisclosed') and ${BACKED}`,
);

/** Undefined where a texted code would not answer the challenge: nobody is texted whose password was not right. */
export async function findTextable(
  db: Kysely<Database>,
  hash: Buffer,
  now: Date,
): Promise<{ account_id: string; expires_at: Date } | undefined> {
  return (await findAfterPassword(db, hash, now))[0];
}
