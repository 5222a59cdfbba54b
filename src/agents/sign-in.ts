import type { Transaction } from 'kysely';
import { emailKey } from '../accounts/identifiers.ts';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { newToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { type Attempt, clearAttempts, counterKey, failAttempt, reserveAttempt } from '../lockout/attempts.ts';
import { passwordLimit } from '../lockout/rules.ts';
import { normalisePassword } from '../passwords/rules.ts';
import { Problem } from '../problem.ts';
import { matchTotp } from '../second-factors/rules.ts';
import { insertAgentSession, refreshAgentSession } from '../sessions/agent-sessions.ts';
import { secondsUntil } from '../time.ts';
import { agentSecretRow } from './agents.ts';
import * as queries from './queries.ts';

type AgentSignedIn = {
  accessToken: string;
  expiresIn: number;
  refreshToken: string;
  sessionId: string;
  agentId: string;
};
type AgentCredentials = { email: string; password: string; code: string };

/**
 * Signs an agent in with password and code together; whatever is wrong has one answer after the same work.
 * Throws `invalid-credentials`, `too-many-attempts`, `busy`.
 */
export async function signInAgent(ctx: Context, input: AgentCredentials, client: Client): Promise<AgentSignedIn> {
  await ctx.limits.takeForAddress('sign-in', client.ip);
  const now = ctx.clock.now();
  const attempt = await reserve(ctx, emailKey(input.email), now);
  const agent = await queries.findAgent(ctx.urgentDb, emailKey(input.email));
  const isRight = await ctx.hasher.verify(agent?.password_hash, normalisePassword(input.password));
  const step = agent && matchTotp(ctx.keys.decrypt(agent.totp_secret, agentSecretRow(agent.id)), input.code, now);
  const refresh = newToken('hf_rt');
  const sessionId = newId(now);
  const isSignedIn = await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const isProven = isRight && agent && step !== undefined && (await queries.redeemTotpStep(trx, agent.id, step));
    if (!isProven) {
      await rememberFailure(trx, attempt, input.email, client, now);
      return false;
    }
    await clearAttempts(trx, attempt);
    await insertAgentSession(trx, ctx, { id: sessionId, agentId: agent.id, client, refreshHash: refresh.hash }, now);
    await record(
      trx,
      { type: 'agent.signed-in', actor: { kind: 'agent', id: agent.id }, sessionId, client, detail: {} },
      now,
    );
    return true;
  });
  if (!isSignedIn || !agent) throw new Problem('invalid-credentials');
  return {
    accessToken: await signAgentAccess(ctx, { sessionId, agentId: agent.id, role: agent.role, authTime: now }, now),
    expiresIn: ctx.policy['access.ttl'] / 1000,
    refreshToken: refresh.plain,
    sessionId,
    agentId: agent.id,
  };
}

async function reserve(ctx: Context, key: string, now: Date): Promise<Attempt> {
  const reservation = await reserveAttempt(ctx, counterKey(ctx, 'agent', key), passwordLimit(ctx.policy), now);
  if ('attempt' in reservation) return reservation.attempt;
  const { refused } = reservation;
  throw new Problem('too-many-attempts', {
    retryAfter: refused.verdict === 'locked' ? secondsUntil(refused.until, now) : 1,
  });
}

async function rememberFailure(
  trx: Transaction<Database>,
  attempt: Attempt,
  email: string,
  client: Client,
  now: Date,
): Promise<void> {
  const judgement = await failAttempt(trx, attempt, now);
  await record(
    trx,
    { type: 'agent.sign-in-failed', actor: { kind: 'anonymous' }, client, detail: { email: email.slice(0, 254) } },
    now,
  );
  if (judgement.verdict !== 'locked' || !judgement.isNew) return;
  await record(
    trx,
    { type: 'agent.locked', actor: { kind: 'anonymous' }, client, detail: { until: judgement.until.toISOString() } },
    now,
  );
}

/** An agent's new tokens for their refresh token. The role is read anew. Throws `invalid-refresh-token`. */
export async function refreshAgent(ctx: Context, refreshToken: string, client: Client) {
  const now = ctx.clock.now();
  const { refreshToken: successor, ...session } = await refreshAgentSession(ctx, refreshToken, client);
  const agent = await queries.findActiveAgent(ctx.urgentDb, session.agentId);
  if (!agent) throw new Problem('invalid-refresh-token');
  const accessToken = await signAgentAccess(ctx, { ...session, role: agent.role }, now);
  return { accessToken, expiresIn: ctx.policy['access.ttl'] / 1000, refreshToken: successor };
}

type AgentAccess = { sessionId: string; agentId: string; role: string; authTime: Date };

async function signAgentAccess(ctx: Context, access: AgentAccess, now: Date): Promise<string> {
  const claims = {
    client_id: 'holdfast',
    sid: access.sessionId,
    jti: newId(now),
    role: access.role,
    auth_time: Math.floor(access.authTime.getTime() / 1000),
    acr: 'aal2',
    amr: ['pwd', 'otp', 'mfa'],
  };
  return await ctx.signer.sign('agent', access.agentId, claims, ctx.policy['access.ttl'], now);
}
