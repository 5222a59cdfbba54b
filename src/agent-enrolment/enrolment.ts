import { generateSecret } from 'otplib';
import { agentSecretRow } from '../agents/agents.ts';
import { forgetLocks } from '../agents/locks.ts';
import type { Client, Context } from '../context.ts';
import { hashToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { acceptPassword } from '../passwords/check-password.ts';
import { Problem } from '../problem.ts';
import { matchTotp, totpUri } from '../second-factors/rules.ts';
import * as queries from './queries.ts';

const pendingRow = (enrolmentId: string) => `agent_enrolments.totp_secret:${enrolmentId}` as const;
const invalidToken = () => new Problem('invalid-token');

type Wanted = { token: string; password: string };

/**
 * Keeps the agent's own password and shows a new 160-bit secret, this once; neither opens anything before a code confirms
 * them. Throws `invalid-token` alike for unknown, used, expired and void, `weak-password`, `busy`.
 */
export async function startAgentEnrolment(
  ctx: Context,
  { token, password }: Wanted,
  client: Client,
): Promise<{ secret: string; otpauthUri: string }> {
  await ctx.limits.takeForAddress('reset', client.ip);
  const enrolment = await find(ctx, token);
  const { id, agent_id: agentId, email } = enrolment;
  const asked = { owner: { email }, hasSecondFactor: true, locale: client.locale, field: 'password' };
  const accepted = await acceptPassword(ctx, password, asked);
  const passwordHash = await ctx.staffHasher.hash(accepted.text);
  const secret = generateSecret({ length: 20 });
  const pending = { passwordHash, sealedSecret: ctx.keys.encrypt(secret, pendingRow(id)) };
  const now = ctx.clock.now();
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    if (!(await queries.setPending(trx, id, pending, mostOf(ctx), now))) throw invalidToken();
    const actor = { kind: 'agent', id: agentId } as const;
    const detail = { agentId, enrolmentId: id };
    await record(trx, { type: 'agent.enrolment-started', actor, client, detail }, now);
  });
  return { secret, otpauthUri: totpUri(ctx.config.serviceName, email, secret) };
}

/**
 * Spends the token: from now on password and authenticator sign the agent in, and the code that proved it does not. Five wrong
 * codes end the token. Throws `invalid-code`, `invalid-token`.
 */
export async function confirmAgentEnrolment(
  ctx: Context,
  { token, code }: { token: string; code: string },
  client: Client,
): Promise<string> {
  await ctx.limits.takeForAddress('reset', client.ip);
  const now = ctx.clock.now();
  const { id } = await find(ctx, token);
  const attempts = await queries.reserveAttempt(ctx.limitsDb, id, mostOf(ctx));
  // Read again behind the count: what is confirmed now is what was shown last.
  const enrolment = attempts === undefined ? undefined : await queries.findOpen(ctx.urgentDb, id, now);
  if (!enrolment?.totp_secret || !enrolment.password_hash || attempts === undefined) throw invalidToken();
  const secret = ctx.keys.decrypt(enrolment.totp_secret, pendingRow(id));
  const step = matchTotp(secret, code, now);
  if (step === undefined) return await refuse(ctx, enrolment, { attempts, client }, now);
  const credentials = { passwordHash: enrolment.password_hash, step };
  await putInForce(ctx, enrolment, { ...credentials, secret, client }, now);
  return enrolment.agent_id;
}

async function find(ctx: Context, token: string): Promise<queries.EnrolmentRow> {
  const found = await queries.findByToken(ctx.urgentDb, hashToken(token), mostOf(ctx), ctx.clock.now());
  if (!found) throw invalidToken();
  return found;
}

const mostOf = (ctx: Context): number => ctx.policy['agents.enrolmentAttempts'];

async function refuse(
  ctx: Context,
  { id, agent_id: agentId }: queries.EnrolmentRow,
  { attempts, client }: { attempts: number; client: Client },
  now: Date,
): Promise<never> {
  const actor = { kind: 'anonymous' } as const;
  const detail = { agentId, enrolmentId: id, attempts };
  await transact(ctx.urgentDb, ctx.ring, (trx) =>
    record(trx, { type: 'agent.enrolment-failed', actor, client, detail }, now),
  );
  throw new Problem('invalid-code');
}

type Proven = { passwordHash: string; secret: string; step: number; client: Client };

async function putInForce(
  ctx: Context,
  enrolment: queries.EnrolmentRow,
  { passwordHash, secret, step, client }: Proven,
  now: Date,
): Promise<void> {
  const { id, agent_id: agentId, email, role } = enrolment;
  const sealedSecret = ctx.keys.encrypt(secret, agentSecretRow(agentId));
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await queries.lockAgent(trx, agentId);
    if (!(await queries.redeem(trx, enrolment, now))) throw invalidToken();
    if (!(await queries.setCredentials(trx, agentId, { passwordHash, sealedSecret, step }))) throw invalidToken();
    await forgetLocks(trx, agentId);
    const actor = { kind: 'agent', id: agentId } as const;
    const detail = { agentId, enrolmentId: id };
    const payload = { change: 'enrolled', agent: email, role, by: '', subjectId: agentId };
    await record(trx, { type: 'agent.enrolled', actor, client, detail, payload }, now);
  });
}
