import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { readChainedToken } from '../crypto/chained-token.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';
import { findRefreshableSession } from './refresh-queries.ts';
import { tradeRefreshToken } from './trade.ts';

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

/** As an owner's refresh, with the agents' limits and the same grace; a reused token ends the session. Throws `invalid-refresh-token`. */
export async function refreshAgentSession(ctx: Context, token: string, client: Client): Promise<AgentRefreshed> {
  const now = ctx.clock.now();
  const link = readChainedToken(ctx.keys, 'refresh', token);
  const known = link && (await findRefreshableSession(ctx.reader, link.id));
  if (!link || !known?.agent_id) throw new Problem('invalid-refresh-token');
  const agentId = known.agent_id;
  const presented = { sessionId: link.id, generation: link.generation };
  const seenAfter = plus(now, -ctx.policy['agents.idle']);
  const trade = await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const trade = await tradeRefreshToken(trx, ctx, { ...presented, seenAfter }, now);
    if (trade === 'reused') await endReused(trx, { sessionId: link.id, agentId, client }, now);
    return trade;
  });
  if (typeof trade === 'string') throw new Problem('invalid-refresh-token');
  return { sessionId: link.id, agentId, authTime: trade.session.auth_time, refreshToken: trade.successor };
}

type Reused = { sessionId: string; agentId: string; client: Client };

async function endReused(trx: Transaction<Database>, { sessionId, agentId, client }: Reused, now: Date): Promise<void> {
  if (!(await queries.endSession(trx, sessionId, 'refresh-reused', now))) return;
  const actor = { kind: 'agent', id: agentId } as const;
  await record(trx, { type: 'session.ended', actor, sessionId, client, detail: { reason: 'refresh-reused' } }, now);
}
