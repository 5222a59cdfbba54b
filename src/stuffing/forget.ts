import type { Context } from '../context.ts';
import { forgetWork } from '../proof-of-work/proof-of-work.ts';
import { DAY, MINUTE, plus } from '../time.ts';
import * as queries from './queries.ts';

/** Longer than anything is judged by. */
const TRIES_LIVE = 15 * MINUTE;
const HOURS_LIVE = 15 * DAY;

/** Turns what strangers tried into sums of the hour, and forgets it. May run on any node, at any time, more than once. */
export async function forgetStrangers(ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  await queries.sumUp(ctx.db, plus(now, -TRIES_LIVE));
  await queries.deleteOldHours(ctx.db, plus(now, -HOURS_LIVE));
  await queries.deleteOldAlarms(ctx.db, plus(now, -DAY));
  await forgetWork(ctx.db, now);
}
