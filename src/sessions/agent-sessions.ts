import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { hashToken, newToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';

type NewAgentSession = { id: string; agentId: string; client: Client; refreshHash: Buffer };

export async function insertAgentSession(
  trx: Transaction<Database>,
  ctx: Context,
  session: NewAgentSession,
  now: Date,
): Promise<void> {
  await queries.insertAgentSession(
    trx,
    {
      id: session.id,
      agentId: session.agentId,
      acr: 'aal2',
      amr: ['pwd', 'otp', 'mfa'],
      expiresAt: plus(now, ctx.policy['agents.absolute']),
      ip: session.client.ip,
      userAgent: session.client.userAgent ?? null,
      refreshHash: session.refreshHash,
    },
    now,
  );
}

type AgentRefreshed = { sessionId: string; agentId: string; authTime: Date; refreshToken: string };

/** As an owner's refresh, with the agents' limits: single use, and a reused token ends the session. Throws `invalid-refresh-token`. */
export async function refreshAgentSession(ctx: Context, refreshToken: string, client: Client): Promise<AgentRefreshed> {
  const now = ctx.clock.now();
  const hash = hashToken(refreshToken);
  const known = await queries.findRefreshToken(ctx.reader, hash);
  if (!known?.agent_id) throw new Problem('invalid-refresh-token');
  const { agent_id: agentId, session_id: sessionId } = known;
  const successor = newToken('hf_rt');
  const redeemed = await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const session = await queries.redeemRefreshToken(
      trx,
      hash,
      now,
      plus(now, -ctx.policy['agents.idle']),
      successor.hash,
    );
    if (session) return session;
    if (
      (await queries.findRefreshToken(trx, hash))?.used_at &&
      (await queries.endSession(trx, sessionId, 'refresh-reused', now))
    ) {
      const actor = { kind: 'agent', id: agentId } as const;
      await record(trx, { type: 'session.ended', actor, sessionId, client, detail: { reason: 'refresh-reused' } }, now);
    }
    return undefined;
  });
  if (!redeemed) throw new Problem('invalid-refresh-token');
  return { sessionId, agentId, authTime: redeemed.auth_time, refreshToken: successor.plain };
}
