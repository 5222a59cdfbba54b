import type { Transaction } from 'kysely';
import { findColleague } from '../agents/colleagues.ts';
import { refusalProblem } from '../agents/refusals.ts';
import { hasPower, type Objection, objectionTo } from '../agents/rules.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import type { AgentSession } from '../sessions/check.ts';
import { hasVerified } from '../verifications/standing.ts';
import { effects } from './effects.ts';
import { endApproval } from './end.ts';
import * as queries from './queries.ts';
import { effectiveAt } from './rules.ts';
import { tellOwner } from './schedule.ts';

type Decision = { id: string; note: string; agent: AgentSession; client: Client };
type Refusal = 'self-approval' | 'role' | Objection | 'verified-identity';

/**
 * The second person's yes: the delay begins and the owner is told (ASVS 2.3.5); where there is no delay, it is done with the
 * yes. A refusal is an event. Throws `not-found`, `self-approval`, `forbidden`, `second-person-required` with the `reason`,
 * `approval-closed`, and what stands against it by now.
 */
export async function approve(ctx: Context, decision: Decision): Promise<queries.Approval> {
  const { id, note, agent, client } = decision;
  const now = ctx.clock.now();
  return await decideUnderLock(ctx, decision, now, async (trx, approval) => {
    const refusal = await findRefusal(trx, ctx, approval, agent, now);
    if (refusal) return refusal;
    const { findObstacle, carryOut } = effects[approval.kind];
    const obstacle = approval.status === 'pending' ? await findObstacle(trx, approval, now) : undefined;
    if (obstacle) throw obstacle.problem;
    const yes = { by: agent.agent_id, note, effectiveAt: effectiveAt(ctx.policy, approval.kind, now) };
    const approved = await queries.decide(trx, id, yes, now);
    if (!approved) throw new Problem('approval-closed');
    const actor = { kind: 'agent', id: agent.agent_id } as const;
    const { kind, account_id: accountId, case_id: caseId } = approved;
    const detail = { approvalId: id, kind, note, effectiveAt: yes.effectiveAt.toISOString() };
    await record(
      trx,
      {
        type: 'approval.approved',
        actor,
        accountId: accountId ?? undefined,
        caseId: caseId ?? undefined,
        client,
        detail,
      },
      now,
    );
    await tellOwner(trx, approved, { actor, client }, now);
    if (await queries.redeem(trx, id, now)) await carryOut(trx, ctx, approved, { actor, client }, now);
    return undefined;
  });
}

/**
 * One person's no ends it, also after the yes and until it is carried out: a lead's, or the requester's own. Throws
 * `not-found`, `forbidden`, `approval-closed`.
 */
export async function reject(ctx: Context, decision: Decision): Promise<queries.Approval> {
  const { id, note, agent, client } = decision;
  const now = ctx.clock.now();
  return await decideUnderLock(ctx, decision, now, async (trx, approval) => {
    if (approval.requested_by !== agent.agent_id && !hasPower(agent.role, 'lead')) return 'role';
    const actor = { kind: 'agent', id: agent.agent_id } as const;
    const ended =
      approval.status === 'pending' || approval.status === 'scheduled'
        ? await endApproval(trx, id, { reason: 'rejected', actor, note, client }, now)
        : undefined;
    if (!ended) throw new Problem('approval-closed');
    return undefined;
  });
}

type Work = (trx: Transaction<Database>, approval: queries.Approval) => Promise<Refusal | undefined>;

/** A refusal commits as an event before it is thrown. */
async function decideUnderLock(
  ctx: Context,
  { id, agent, client }: Decision,
  now: Date,
  work: Work,
): Promise<queries.Approval> {
  const outcome = await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const asked = await queries.findApproval(trx, id, now);
    // The account before the approval, as whoever freezes it or signs in to it does.
    const passage =
      asked && (asked.account_id === null || (await passAlone(trx, asked.account_id, 'case-access', now)));
    const approval = passage && (await queries.findApproval(trx, id, now));
    if (!approval) throw new Problem('not-found');
    const reason = await work(trx, approval);
    if (!reason) return await queries.findApproval(trx, id, now);
    const { kind, account_id: accountId, case_id: caseId } = approval;
    const actor = { kind: 'agent', id: agent.agent_id } as const;
    const detail = { approvalId: id, kind, reason };
    await record(
      trx,
      {
        type: 'approval.refused',
        actor,
        accountId: accountId ?? undefined,
        caseId: caseId ?? undefined,
        client,
        detail,
      },
      now,
    );
    return reason;
  });
  if (typeof outcome === 'object') return outcome;
  throw refusalProblem(outcome);
}

async function findRefusal(
  trx: Transaction<Database>,
  ctx: Context,
  approval: queries.Approval,
  agent: AgentSession,
  now: Date,
): Promise<Refusal | undefined> {
  if (approval.requested_by === agent.agent_id) return 'self-approval';
  if (!hasPower(agent.role, await effects[approval.kind].findApprover(trx, approval))) return 'role';
  const approver = await findColleague(trx, agent.agent_id);
  const requester = await findColleague(trx, approval.requested_by);
  const objection = objectionTo(approver, requester, ctx.policy['approvals.minApproverAge'], now);
  if (objection) return objection;
  const { case_id: caseId } = approval;
  return caseId && (await hasVerified(trx, caseId, agent.agent_id)) ? 'verified-identity' : undefined;
}
