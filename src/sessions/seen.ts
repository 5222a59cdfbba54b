import type { Context } from '../context.ts';
import { scopesStopping } from '../holds/rules.ts';
import { plus } from '../time.ts';
import * as queries from './activity-queries.ts';
import { noting } from './check.ts';

const STOPPING = scopesStopping('use-session');
/** A session that is refreshed or ended at this moment is free again within a millisecond or two. */
const TRIES = 5;

/**
 * Activity that verifiers elsewhere saw: as if these sessions' holders had called here now. As seldom written as theirs; what is ended, idle, held or unknown stays as it is, so the same report twice is the same as once.
 */
export async function noteSeen(ctx: Context, sessionIds: string[]): Promise<void> {
  const now = ctx.clock.now();
  const when = {
    ...noting(ctx, now),
    seenAfter: plus(now, -ctx.policy['session.idle']),
    stoppingScopes: STOPPING,
  };
  for (let tries = 0; tries < TRIES; tries++) {
    if ((await queries.noteSeen(ctx.db, sessionIds, when, now)) === 0) return;
  }
}
