import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { chainedToken, readChainedToken } from '../crypto/chained-token.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { heldProblem, pass } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import { signAccess } from './issue.ts';
import * as queries from './queries.ts';

type Refreshed = { accessToken: string; expiresIn: number; refreshToken: string };

/**
 * Trades an owner's refresh token for its successor and a new access token; it is not activity, and `auth_time` stays.
 * Throws `invalid-refresh-token`, and where the token was used before ends the session with it (RFC 9700 4.14.2).
 */
export async function refresh(ctx: Context, token: string, client: Client): Promise<Refreshed> {
  const now = ctx.clock.now();
  const link = readChainedToken(ctx.keys, 'refresh', token);
  // A dead session's token takes no lock: it must not be worth anything to a flood.
  const known = link && (await queries.findRefreshableSession(ctx.reader, link.id));
  if (!link || !known?.account_id) throw new Problem('invalid-refresh-token');
  const { id: sessionId, generation } = link;
  const presented = { accountId: known.account_id, sessionId, generation, client };
  const redeemed = await transact(ctx.db, ctx.ring, (trx) => redeem(trx, ctx, presented, now));
  if (typeof redeemed === 'string') throw new Problem('invalid-refresh-token');
  const { acr, amr, auth_time: authTime } = redeemed;
  return {
    accessToken: signAccess(ctx, { sessionId, accountId: presented.accountId, authTime, acr, amr }, now),
    expiresIn: ctx.policy['access.ttl'] / 1000,
    refreshToken: chainedToken(ctx.keys, 'refresh', { id: sessionId, generation: generation + 1 }),
  };
}

type Presented = { accountId: string; sessionId: string; generation: number; client: Client };
type Outcome = queries.Redeemed | 'reused' | 'ended';

async function redeem(trx: Transaction<Database>, ctx: Context, presented: Presented, now: Date): Promise<Outcome> {
  const { accountId, sessionId, generation } = presented;
  const passage = await pass(trx, accountId, 'refresh', now);
  if (!passage) return 'ended';
  if (passage.stoppedBy.some((hold) => hold.scope === 'all')) return 'ended';
  if (passage.stoppedBy.length > 0) throw heldProblem(passage.stoppedBy);
  const seenAfter = plus(now, -ctx.policy['session.idle']);
  const redeemed = await queries.redeemRefreshToken(trx, sessionId, generation, now, seenAfter);
  if (redeemed) return redeemed;
  const current = await queries.findRefreshableSession(trx, sessionId);
  if (!current || current.refresh_generation === generation) return 'ended';
  await endReused(trx, presented, now);
  return 'reused';
}

async function endReused(trx: Transaction<Database>, presented: Presented, now: Date): Promise<void> {
  const { accountId, sessionId, client } = presented;
  const isEnded = await queries.endSession(trx, sessionId, 'refresh-reused', now);
  if (!isEnded) return;
  await record(
    trx,
    { type: 'refresh.reused', actor: { kind: 'anonymous' }, accountId, sessionId, client, detail: {} },
    now,
  );
}
