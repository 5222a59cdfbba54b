import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { readChainedToken } from '../crypto/chained-token.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { heldProblem, pass } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import { isTooWeak } from './check.ts';
import { signAccess } from './issue.ts';
import * as queries from './queries.ts';
import { findRefreshableSession } from './refresh-queries.ts';
import { tradeRefreshToken } from './trade.ts';

type Refreshed = { accessToken: string; expiresIn: number; refreshToken: string };

/**
 * Trades an owner's refresh token for its successor and a new access token; it is not activity, and `auth_time` stays.
 * Throws `invalid-refresh-token`, and where the token was used before ends the session with it (RFC 9700 4.14.2).
 */
export async function refresh(ctx: Context, token: string, client: Client): Promise<Refreshed> {
  const now = ctx.clock.now();
  const link = readChainedToken(ctx.keys, 'refresh', token);
  // A dead session's token takes no lock: it must not be worth anything to a flood.
  const known = link && (await findRefreshableSession(ctx.reader, link.id));
  if (!link || !known?.account_id || isTooWeak(ctx, known)) throw new Problem('invalid-refresh-token');
  const { id: sessionId, generation } = link;
  const accountId = known.account_id;
  const trade = await transact(ctx.db, ctx.ring, (trx) =>
    tradeUnderGate(trx, ctx, { accountId, sessionId, generation, client }, now),
  );
  if (typeof trade === 'string') throw new Problem('invalid-refresh-token');
  const { acr, amr, auth_time: authTime, expires_at: endsAt } = trade.session;
  return {
    ...signAccess(ctx, { sessionId, accountId, authTime, endsAt, acr, amr }, now),
    refreshToken: trade.successor,
  };
}

type Presented = { accountId: string; sessionId: string; generation: number; client: Client };

async function tradeUnderGate(trx: Transaction<Database>, ctx: Context, presented: Presented, now: Date) {
  const passage = await pass(trx, presented.accountId, 'refresh', now);
  if (!passage) return 'ended';
  if (passage.stoppedBy.some((hold) => hold.scope === 'all')) return 'ended';
  if (passage.stoppedBy.length > 0) throw heldProblem(passage.stoppedBy);
  const seenAfter = plus(now, -ctx.policy['session.idle']);
  const trade = await tradeRefreshToken(trx, ctx, { ...presented, seenAfter }, now);
  if (trade === 'reused') await endReused(trx, presented, now);
  return trade;
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
