import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { chainedToken } from '../crypto/chained-token.ts';
import type { Database } from '../db/types.ts';
import * as queries from './refresh-queries.ts';
import { isRepeatable } from './rules.ts';

/** Which refresh token of which session; `seenAfter` is what its last activity must be later than. */
type Presented = { sessionId: string; generation: number; seenAfter: Date };
type Trade = { session: queries.Redeemed; successor: string };

/**
 * Trades a refresh token for its successor, once; within `session.refreshGrace` the same one again and nothing is written.
 * `ended`: the session is over. `reused`: somebody used the token before, and the caller must end the session.
 */
export async function tradeRefreshToken(
  trx: Transaction<Database>,
  ctx: Context,
  { sessionId, generation, seenAfter }: Presented,
  now: Date,
): Promise<Trade | 'ended' | 'reused'> {
  const successor = () => chainedToken(ctx.keys, 'refresh', { id: sessionId, generation: generation + 1 });
  const redeemed = await queries.redeemRefreshToken(trx, sessionId, generation, now, seenAfter);
  if (redeemed) return { session: redeemed, successor: successor() };
  const traded = await queries.findTradedSession(trx, sessionId, now, seenAfter);
  if (!traded || traded.refresh_generation === generation) return 'ended';
  if (!isRepeatable(traded, generation, ctx.policy['session.refreshGrace'], now)) return 'reused';
  return { session: traded, successor: successor() };
}
