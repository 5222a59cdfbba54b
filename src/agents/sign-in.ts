import type { Transaction } from 'kysely';
import { generateSecret } from 'otplib';
import { emailKey } from '../accounts/identifiers.ts';
import type { Client, Context } from '../context.ts';
import { chainedToken } from '../crypto/chained-token.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { addressBlock } from '../lockout/address-block.ts';
import {
  type Attempt,
  clearAttempts,
  counterKey,
  failAttempt,
  reserveAttempt,
  returnOnError,
} from '../lockout/attempts.ts';
import { normalisePassword } from '../passwords/rules.ts';
import { Problem } from '../problem.ts';
import { matchTotp } from '../second-factors/rules.ts';
import { insertAgentSession, refreshAgentSession } from '../sessions/agent-sessions.ts';
import { agentSecretRow } from './agents.ts';
import * as queries from './queries.ts';
import { agentLimits } from './rules.ts';

type AgentSignedIn = {
  accessToken: string;
  expiresIn: number;
  refreshToken: string;
  sessionId: string;
  agentId: string;
};
type AgentCredentials = { email: string; password: string; code: string };

/** An unknown agent's codes are checked against this one: the work is the same. */
const DECOY_SECRET = generateSecret({ length: 20 });

/**
 * Signs an agent in with password and code together; whatever is wrong has one answer after the same work.
 * Throws `invalid-credentials`, `too-many-attempts`, `busy`.
 */
export async function signInAgent(ctx: Context, input: AgentCredentials, client: Client): Promise<AgentSignedIn> {
  return await ctx.staffHasher.admit(() => signInAdmitted(ctx, input, client));
}

async function signInAdmitted(ctx: Context, input: AgentCredentials, client: Client): Promise<AgentSignedIn> {
  await ctx.limits.takeForAddress('sign-in', client.ip);
  const now = ctx.clock.now();
  const key = emailKey(input.email);
  const attempts = await reserve(ctx, key, client, now);
  const { agent, step } = await returnOnError(ctx, attempts, () => check(ctx, key, input, now));
  const entry = { id: newId(now), attempts, key, agent, step, client };
  const isSignedIn = await returnOnError(ctx, step === undefined ? [] : attempts, () =>
    transact(ctx.urgentDb, ctx.ring, (trx) => issue(trx, ctx, entry, now)),
  );
  if (!isSignedIn || !agent) throw new Problem('invalid-credentials');
  return {
    accessToken: signAgentAccess(ctx, { sessionId: entry.id, agentId: agent.id, role: agent.role, authTime: now }, now),
    expiresIn: ctx.policy['access.ttl'] / 1000,
    refreshToken: chainedToken(ctx.keys, 'refresh', { id: entry.id, generation: 0 }),
    sessionId: entry.id,
    agentId: agent.id,
  };
}

type Checked = { agent: queries.AgentRow | undefined; step: number | undefined };

/** The step of a right code after a right password; undefined for whatever is wrong, after the same work. */
async function check(ctx: Context, key: string, input: AgentCredentials, now: Date): Promise<Checked> {
  const agent = await queries.findAgent(ctx.urgentDb, key);
  const isRight = await ctx.staffHasher.verify(agent?.password_hash ?? undefined, normalisePassword(input.password));
  const secret = agent?.totp_secret ? ctx.keys.decrypt(agent.totp_secret, agentSecretRow(agent.id)) : DECOY_SECRET;
  const step = matchTotp(secret, input.code, now);
  return { agent, step: agent && isRight ? step : undefined };
}

/** One place per e-mail and address, and one per e-mail: always in this order, so that two never wait for each other. */
async function reserve(ctx: Context, key: string, client: Client, now: Date): Promise<Attempt[]> {
  const { fromOneAddress, fromAnywhere } = agentLimits(ctx.policy);
  const onLock = (counter: Buffer) => (trx: Transaction<Database>, until: Date) =>
    recordLock(trx, { counter, key, client, until }, now);
  const near = counterKey(ctx, 'agent-address', `${addressBlock(client.ip)} ${key}`);
  const first = await reserveAttempt(ctx, near, fromOneAddress, onLock(near), now);
  const far = counterKey(ctx, 'agent', key);
  const second = await returnOnError(ctx, [first], () => reserveAttempt(ctx, far, fromAnywhere, onLock(far), now));
  return [first, second];
}

type Entry = Checked & { id: string; attempts: Attempt[]; key: string; client: Client };

/** Spends the code and opens the session, or remembers the failure. Returns which. */
async function issue(trx: Transaction<Database>, ctx: Context, entry: Entry, now: Date): Promise<boolean> {
  const { agent, step, client } = entry;
  const passwordHash = agent?.password_hash;
  const isSpent =
    agent && passwordHash && step !== undefined
      ? await queries.redeemTotpStep(trx, agent.id, { step, passwordHash }, now)
      : false;
  if (!agent || !isSpent) {
    await rememberFailure(trx, ctx, entry, now);
    return false;
  }
  for (const attempt of entry.attempts) await clearAttempts(trx, attempt);
  await insertAgentSession(trx, ctx, { ...entry, agentId: agent.id }, now);
  const actor = { kind: 'agent', id: agent.id } as const;
  await record(trx, { type: 'agent.signed-in', actor, sessionId: entry.id, client, detail: {} }, now);
  return true;
}

async function rememberFailure(
  trx: Transaction<Database>,
  ctx: Context,
  { attempts, key, agent, client }: Entry,
  now: Date,
): Promise<void> {
  // People type passwords into the wrong field: what names no agent is kept as a keyed hash.
  const email = agent?.email ?? ctx.keys.pseudonym('agent-email', key);
  const actor = { kind: 'anonymous' } as const;
  await record(trx, { type: 'agent.sign-in-failed', actor, client, detail: { email } }, now);
  for (const attempt of attempts) {
    const judgement = await failAttempt(trx, attempt, now);
    if (judgement.verdict !== 'locked' || !judgement.isNew) continue;
    await recordLock(trx, { counter: attempt.key, key, client, until: judgement.until }, now);
  }
}

type Lock = { counter: Buffer; key: string; client: Client; until: Date };

async function recordLock(trx: Transaction<Database>, { counter, key, client, until }: Lock, now: Date): Promise<void> {
  await queries.noteLock(trx, counter, key, until);
  const actor = { kind: 'anonymous' } as const;
  await record(trx, { type: 'agent.locked', actor, client, detail: { until: until.toISOString() } }, now);
}

/** An agent's new tokens for their refresh token. The role is read anew. Throws `invalid-refresh-token`. */
export async function refreshAgent(ctx: Context, refreshToken: string, client: Client) {
  const now = ctx.clock.now();
  const { refreshToken: successor, ...session } = await refreshAgentSession(ctx, refreshToken, client);
  const agent = await queries.findActiveAgent(ctx.urgentDb, session.agentId);
  if (!agent) throw new Problem('invalid-refresh-token');
  const accessToken = signAgentAccess(ctx, { ...session, role: agent.role }, now);
  return { accessToken, expiresIn: ctx.policy['access.ttl'] / 1000, refreshToken: successor };
}

type AgentAccess = { sessionId: string; agentId: string; role: string; authTime: Date };

function signAgentAccess(ctx: Context, access: AgentAccess, now: Date): string {
  const claims = {
    client_id: 'holdfast',
    sid: access.sessionId,
    jti: newId(now),
    role: access.role,
    auth_time: Math.floor(access.authTime.getTime() / 1000),
    acr: 'aal2',
    amr: ['pwd', 'otp', 'mfa'],
  };
  return ctx.signer.sign('agent', access.agentId, claims, ctx.policy['access.ttl'], now);
}
