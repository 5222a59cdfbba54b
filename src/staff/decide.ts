import type { Transaction } from 'kysely';
import { findColleague } from '../agents/colleagues.ts';
import { refusalProblem } from '../agents/refusals.ts';
import { type Objection, objectionTo } from '../agents/rules.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import type { AgentSession } from '../sessions/check.ts';
import { carryOut } from './carry-out.ts';
import { endChange } from './end.ts';
import { findObstacle } from './obstacles.ts';
import * as queries from './queries.ts';
import { isTakingAway } from './rules.ts';

type Decision = { id: string; note: string; agent: AgentSession; client: Client };
type Refusal = 'self-approval' | 'role' | 'subject' | Objection;

/**
 * Another admin's yes: it is carried out with it (ASVS 2.3.5). A refusal is an event. Throws `not-found`, `self-approval`,
 * `forbidden`, `second-person-required` with the `reason`, `approval-closed`, and what stands against it by now.
 */
export async function approveChange(ctx: Context, decision: Decision): Promise<queries.Change> {
  const { note, agent, client } = decision;
  const now = ctx.clock.now();
  return await decideInQueue(ctx, decision, now, async (trx, change) => {
    const refusal = await findRefusal(trx, ctx, change, agent, now);
    if (refusal) return refusal;
    const obstacle = change.status === 'pending' ? await findObstacle(trx, change) : undefined;
    if (obstacle) throw obstacle.problem;
    if (!(await queries.decide(trx, change.id, { by: agent.agent_id, note }, now)))
      throw new Problem('approval-closed');
    await carryOut(trx, ctx, change.id, { actor: { kind: 'agent', id: agent.agent_id }, client }, now);
    return undefined;
  });
}

/**
 * Any admin's no, the requester's own too, until it is carried out. While a second person may still agree, nobody keeps what
 * is to be taken from them by saying no to it. Throws `not-found`, `forbidden`, `second-person-required`, `approval-closed`.
 */
export async function rejectChange(ctx: Context, decision: Decision): Promise<queries.Change> {
  const { note, agent, client } = decision;
  const now = ctx.clock.now();
  return await decideInQueue(ctx, decision, now, async (trx, change) => {
    const isOwn = change.agent_id === agent.agent_id && change.requested_by !== agent.agent_id;
    if (isOwn && isTakingAway(change) && change.status === 'pending') return 'subject';
    const isOpen = change.status === 'pending' || change.status === 'scheduled';
    const by = { actor: { kind: 'agent', id: agent.agent_id } as const, client };
    if (!isOpen || !(await endChange(trx, change, { reason: 'rejected', note }, by, now)))
      throw new Problem('approval-closed');
    return undefined;
  });
}

type Work = (trx: Transaction<Database>, change: queries.Change) => Promise<Refusal | undefined>;

/** A refusal commits as an event before it is thrown. */
async function decideInQueue(
  ctx: Context,
  { id, agent, client }: Decision,
  now: Date,
  work: Work,
): Promise<queries.Change> {
  const outcome = await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await queries.queueForStaff(trx);
    const change = await queries.findChange(trx, id, now);
    if (!change) throw new Problem('not-found');
    // Read again behind what queued before: the guard saw an admin who may be none any more.
    const isAdmin = (await queries.listAdmins(trx)).includes(agent.agent_id);
    const reason = isAdmin ? await work(trx, change) : 'role';
    if (!reason) return await queries.findChange(trx, id, now);
    const actor = { kind: 'agent', id: agent.agent_id } as const;
    const detail = { changeId: id, kind: change.kind, reason };
    await record(trx, { type: 'agent.change-refused', actor, client, detail }, now);
    return reason;
  });
  if (typeof outcome === 'object') return outcome;
  throw refusalProblem(outcome);
}

async function findRefusal(
  trx: Transaction<Database>,
  ctx: Context,
  change: queries.Change,
  agent: AgentSession,
  now: Date,
): Promise<Refusal | undefined> {
  if (change.requested_by === agent.agent_id) return 'self-approval';
  if (change.agent_id === agent.agent_id) return 'subject';
  const approver = await findColleague(trx, agent.agent_id);
  const requester = await findColleague(trx, change.requested_by);
  return objectionTo(approver, requester, ctx.policy['approvals.minApproverAge'], now);
}
