import type { Context } from '../context.ts';
import { OLDEST } from '../host-events/host-events.ts';
import { YEAR } from '../passwords/exposure.ts';
import { DAY, plus } from '../time.ts';
import * as queries from './queries.ts';

const MOST_COUNTERS = 1_000_000;

/** Deletes what has no use any more. Each line may run on any node, at any time, more than once. */
export async function keepHouse(ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  const yesterday = plus(now, -DAY);
  await queries.deleteStaleSignUps(ctx.db, plus(now, -ctx.policy['signUp.ttl']));
  await queries.deleteStaleChallenges(ctx.db, now);
  await queries.deleteStalePasskeyChallenges(ctx.db, now);
  await queries.deleteStaleGrants(ctx.db, yesterday);
  await queries.deleteStaleSmsCodes(ctx.db, now);
  await queries.deleteStaleLinks(ctx.db, yesterday);
  await queries.deleteStaleAgentEnrolments(ctx.db, yesterday);
  await queries.deleteOldAgentLocks(ctx.db, yesterday);
  await queries.deleteStaleSessions(ctx.db, plus(now, -7 * DAY));
  await queries.deleteStaleIdempotencyKeys(ctx.db, yesterday);
  await queries.deleteStaleRates(ctx.db, now);
  await queries.deleteQuietCounters(ctx.db, yesterday);
  await queries.deleteReservations(ctx.db, now);
  await queries.deleteStaleChanges(ctx.db, yesterday);
  await queries.deleteRemovedAddresses(ctx.db, plus(now, -ctx.policy['contacts.undoWindow']));
  await queries.deleteOldHostEvents(ctx.db, plus(now, -OLDEST - DAY));
  await queries.deleteOldWrongCodes(ctx.db, plus(now, -YEAR));
  await queries.deleteOldDryRuns(ctx.db, plus(now, -30 * DAY));
  await queries.capCounters(ctx.db, MOST_COUNTERS, now);
}
