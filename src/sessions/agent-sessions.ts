import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { chainedToken, readChainedToken } from '../crypto/chained-token.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';

type NewAgentSession = { id: string; agentId: string; client: Client };

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
    },
    now,
  );
}

type AgentRefreshed = { sessionId: string; agentId: string; authTime: Date; refreshToken: string };

/** As an owner's refresh, with the agents' limits: single use, and a reused token ends the session. Throws `invalid-refresh-token`. */
export async function refreshAgentSession(ctx: Context, token: string, client: Client): Promise<AgentRefreshed> {
  const now = ctx.clock.now();
  const link = readChainedToken(ctx.keys, 'refresh', token);
  const known = link && (await queries.findRefreshableSession(ctx.reader, link.id));
  if (!link || !known?.agent_id) throw new Problem('invalid-refresh-token');
  const agentId = known.agent_id;
  const { id: sessionId, generation } = link;
  const seenAfter = plus(now, -ctx.policy['agents.idle']);
  const redeemed = await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const session = await queries.redeemRefreshToken(trx, sessionId, generation, now, seenAfter);
    if (session) return session;
    const current = await queries.findRefreshableSession(trx, sessionId);
    if (!current || current.refresh_generation === generation) return undefined;
    if (!(await queries.endSession(trx, sessionId, 'refresh-reused', now))) return undefined;
    const actor = { kind: 'agent', id: agentId } as const;
    await record(trx, { type: 'session.ended', actor, sessionId, client, detail: { reason: 'refresh-reused' } }, now);
    return undefined;
  });
  if (!redeemed) throw new Problem('invalid-refresh-token');
  const successor = chainedToken(ctx.keys, 'refresh', { id: sessionId, generation: generation + 1 });
  return { sessionId, agentId, authTime: redeemed.auth_time, refreshToken: successor };
}
