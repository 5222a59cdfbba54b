import type { Kysely, Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';
import type { Assurance } from './queries.ts';

type Refreshable = {
  account_id: string | null;
  agent_id: string | null;
  refresh_generation: number;
  acr: Assurance['acr'];
};

const findRefreshable = statement<Refreshable, [id: string]>(
  'find-refreshable-session',
  'select account_id, agent_id, refresh_generation, acr from sessions where id = $1 and ended_at is null',
);

/** The session of a refresh token, unless it ended. */
export async function findRefreshableSession(db: Kysely<Database>, id: string): Promise<Refreshable | undefined> {
  return (await findRefreshable(db, id))[0];
}

export type Redeemed = Assurance & { auth_time: Date; expires_at: Date };
/** A session as a refresh token's trade finds it, which ended by no limit in time. */
type Traded = Redeemed & { refresh_generation: number; refreshed_at: Date | null };

const redeem = statement<Redeemed, [id: string, generation: number, now: Date, seenAfter: Date]>(
  'redeem-refresh-token',
  `update sessions set refresh_generation = refresh_generation + 1, refreshed_at = $3
   where id = $1 and refresh_generation = $2 and ended_at is null and expires_at > $3 and last_seen_at > $4
   returning acr, amr, auth_time, expires_at`,
);

/** Spends one refresh token: the next is current. The returned session is the verdict. */
export async function redeemRefreshToken(
  trx: Transaction<Database>,
  id: string,
  generation: number,
  now: Date,
  seenAfter: Date,
): Promise<Redeemed | undefined> {
  return (await redeem(trx, id, generation, now, seenAfter))[0];
}

const findTraded = statement<Traded, [id: string, now: Date, seenAfter: Date]>(
  'find-traded-session',
  `select acr, amr, auth_time, expires_at, refresh_generation, refreshed_at from sessions
   where id = $1 and ended_at is null and expires_at > $2 and last_seen_at > $3`,
);

/** After a trade that did not succeed: in a statement of its own it sees the one that it waited for. */
export async function findTradedSession(
  trx: Transaction<Database>,
  id: string,
  now: Date,
  seenAfter: Date,
): Promise<Traded | undefined> {
  return (await findTraded(trx, id, now, seenAfter))[0];
}
