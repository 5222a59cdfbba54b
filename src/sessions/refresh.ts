import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { hashToken, newToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { heldProblem, pass } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import { signAccess } from './issue.ts';
import * as queries from './queries.ts';

type Refreshed = { accessToken: string; expiresIn: number; refreshToken: string };
type Outcome = { redeemed: queries.Redeemed; refreshToken: string } | 'reused' | 'ended';

/**
 * Trades an owner's refresh token for its successor and a new access token; it is not activity, and `auth_time` stays.
 * Throws `invalid-refresh-token`, and where the token was used before ends the session with it (RFC 9700 4.14.2).
 */
export async function refresh(ctx: Context, refreshToken: string, client: Client): Promise<Refreshed> {
  const now = ctx.clock.now();
  const known = await queries.findRefreshToken(ctx.reader, hashToken(refreshToken));
  // A dead session's token takes no lock: it must not be worth anything to a flood.
  if (!known?.account_id || known.ended_at) throw new Problem('invalid-refresh-token');
  const accountId = known.account_id;
  const outcome = await transact(ctx.db, ctx.ring, (trx) =>
    redeem(trx, ctx, { refreshToken, accountId, sessionId: known.session_id, client }, now),
  );
  if (typeof outcome === 'string') throw new Problem('invalid-refresh-token');
  const { redeemed } = outcome;
  const access = {
    sessionId: redeemed.id,
    accountId,
    authTime: redeemed.auth_time,
    acr: redeemed.acr,
    amr: redeemed.amr,
  };
  return {
    accessToken: signAccess(ctx, access, now),
    expiresIn: ctx.policy['access.ttl'] / 1000,
    refreshToken: outcome.refreshToken,
  };
}

type Presented = { refreshToken: string; accountId: string; sessionId: string; client: Client };

async function redeem(trx: Transaction<Database>, ctx: Context, presented: Presented, now: Date): Promise<Outcome> {
  const passage = await pass(trx, presented.accountId, 'refresh', now);
  if (!passage) return 'ended';
  if (passage.stoppedBy.some((hold) => hold.scope === 'all')) return 'ended';
  if (passage.stoppedBy.length > 0) throw heldProblem(passage.stoppedBy);
  const hash = hashToken(presented.refreshToken);
  const successor = newToken('hf_rt');
  const redeemed = await queries.redeemRefreshToken(
    trx,
    hash,
    now,
    plus(now, -ctx.policy['session.idle']),
    successor.hash,
  );
  if (redeemed) return { redeemed, refreshToken: successor.plain };
  const current = await queries.findRefreshToken(trx, hash);
  if (!current?.used_at) return 'ended';
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
