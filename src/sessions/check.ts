import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { isStopping } from '../holds/rules.ts';
import { Problem } from '../problem.ts';
import { isFactorRequired } from '../second-factors/required.ts';
import { MINUTE, plus, SECOND } from '../time.ts';
import { touchSession } from './activity-queries.ts';
import * as queries from './queries.ts';

export type SessionHold = queries.SessionHold;
export type AgentSession = queries.LiveAgentSession;
/** A session with the holds that stand now, and when the token it came by expires, in seconds. */
export type Session = Omit<queries.LiveSession, 'holds'> & { holds: SessionHold[]; tokenExpiresAt: number };

/** The session behind an access token, or undefined when it is forged, expired, idle, ended, held or of another kind. */
export async function findSession(ctx: Context, accessToken: string): Promise<Session | undefined> {
  const now = ctx.clock.now();
  const claims = await ctx.signer.verify('owner', accessToken, now);
  if (typeof claims?.['sid'] !== 'string') return undefined;
  const session = await queries.findOpenSession(ctx.reader, claims['sid']);
  if (!session || session.account_id !== claims.sub || isTooWeak(ctx, session)) return undefined;
  if (session.expires_at <= now || session.last_seen_at <= plus(now, -ctx.policy['session.idle'])) return undefined;
  const holds = (session.holds ?? []).filter((hold) => hold.until === null || new Date(hold.until) > now);
  if (holds.some((hold) => isStopping(hold, 'use-session'))) return undefined;
  return { ...session, holds, tokenExpiresAt: claims.exp as number };
}

/** Whether it began without the second factor that is required by now: it opens nothing until its holder signs in anew. */
export function isTooWeak(ctx: Context, { acr }: Pick<queries.Assurance, 'acr'>): boolean {
  return acr === 'aal1' && isFactorRequired(ctx);
}

/** For a change that waited for the account's lock: what ended sessions before it ended this one. Throws `unauthorized`. */
export async function requireStillLive(trx: Transaction<Database>, sessionId: string, now: Date): Promise<void> {
  if (!(await queries.isLive(trx, sessionId, now))) throw new Problem('unauthorized');
}

/** As `findSession`, for agents: another audience, and `agents.idle`. */
export async function findAgentSession(ctx: Context, accessToken: string): Promise<AgentSession | undefined> {
  const now = ctx.clock.now();
  const claims = await ctx.signer.verify('agent', accessToken, now);
  if (typeof claims?.['sid'] !== 'string') return undefined;
  const seenAfter = plus(now, -ctx.policy['agents.idle']);
  const session = await queries.findLiveAgentSession(ctx.reader, claims['sid'], now, seenAfter);
  return session?.agent_id === claims.sub ? session : undefined;
}

/** Notes that the session's holder is there: at most one write a minute, or a second where pauses are counted. */
export function noteActivity(ctx: Context, session: { id: string; last_seen_at: Date }): Promise<void> | undefined {
  const now = ctx.clock.now();
  const when = noting(ctx, now);
  return session.last_seen_at > when.before ? undefined : touchSession(ctx.db, session.id, when, now);
}

/** When activity is worth a write, and after which pause it makes a session no good for money and changes. */
export function noting({ policy }: Pick<Context, 'policy'>, now: Date): { before: Date; pausedBefore: Date } {
  const { 'session.sensitiveIdle': sensitiveIdle, 'session.idle': idle } = policy;
  return { before: plus(now, sensitiveIdle < idle ? -SECOND : -MINUTE), pausedBefore: plus(now, -sensitiveIdle) };
}
