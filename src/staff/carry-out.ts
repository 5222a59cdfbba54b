import type { Transaction } from 'kysely';
import { offerEnrolment, voidEnrolment } from '../agent-enrolment/offer.ts';
import { forgetLocks } from '../agents/locks.ts';
import type { Role } from '../agents/rules.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { Problem } from '../problem.ts';
import * as agents from './agent-queries.ts';
import * as queries from './queries.ts';
import type { ChangeKind } from './rules.ts';
import { type By, tell } from './tell.ts';

type About = { change: queries.Change; agent: queries.AgentRow; by: By };
type Effect = (trx: Transaction<Database>, ctx: Context, about: About, now: Date) => Promise<void>;

/** Does what was agreed to and is due, once, with all that follows from it. In the queue for staff. */
export async function carryOut(trx: Transaction<Database>, ctx: Context, id: string, by: By, now: Date): Promise<void> {
  const change = await queries.findChange(trx, id, now);
  if (!change) throw new Problem('not-found');
  const agentId = change.agent_id ?? (await make(trx, change, now));
  if (!(await queries.redeem(trx, id, agentId, now))) throw new Problem('approval-closed');
  const agent = await queries.findAgent(trx, agentId);
  if (!agent) throw new Error('agents are never deleted');
  await effects[change.kind](trx, ctx, { change, agent, by }, now);
}

/** Who is made signs in with nothing before they enrolled. */
async function make(trx: Transaction<Database>, change: queries.Change, now: Date): Promise<string> {
  const { email, email_key, name, locale, role, requested_by } = change;
  if (email === null || email_key === null || name === null || locale === null || role === null)
    throw new Error('who is to be made is named');
  const id = newId(now);
  const row = { id, email, email_key, name, locale, role, created_at: now, created_by: requested_by };
  if (!(await agents.insertAgent(trx, row))) throw new Problem('agent-exists');
  return id;
}

const effects: Record<ChangeKind, Effect> = {
  async make(trx, ctx, about, now) {
    const { agent, change, by } = about;
    const detail = { email: agent.email, role: agent.role, agentId: agent.id, changeId: change.id };
    await tell(trx, { type: 'agent.created', ...by, detail }, toldOf(about), now);
    await offerEnrolment(trx, ctx, agent, now);
  },
  async role(trx, _ctx, about, now) {
    const { agent, change, by } = about;
    const to = change.role as Role;
    await agents.setAgent(trx, agent.id, { role: to });
    const detail = { changeId: change.id, agentId: agent.id, from: agent.role, to };
    await tell(trx, { type: 'agent.role-changed', ...by, detail }, toldOf(about), now);
  },
  async reset(trx, ctx, about, now) {
    const { agent, change, by } = about;
    // The agent before their sessions: a sign-in that came first is waited for, and ends with the others.
    await agents.forgetCredentials(trx, agent.id);
    const endedSessions = await agents.endSessions(trx, agent.id, 'credentials-reset', now);
    const detail = { changeId: change.id, agentId: agent.id, endedSessions };
    await tell(trx, { type: 'agent.reset', ...by, detail }, toldOf(about), now);
    await offerEnrolment(trx, ctx, agent, now);
  },
  async enable(trx, ctx, about, now) {
    const { agent, change, by } = about;
    await agents.setAgent(trx, agent.id, { disabled_at: null });
    const detail = { changeId: change.id, agentId: agent.id };
    await tell(trx, { type: 'agent.enabled', ...by, detail }, toldOf(about), now);
    if (agent.password_hash === null) await offerEnrolment(trx, ctx, agent, now);
  },
  async disable(trx, _ctx, about, now) {
    const { agent, change, by } = about;
    await agents.setAgent(trx, agent.id, { disabled_at: now });
    await voidEnrolment(trx, agent.id, now);
    const endedSessions = await agents.endSessions(trx, agent.id, 'agent-disabled', now);
    const detail = { changeId: change.id, agentId: agent.id, endedSessions };
    await tell(trx, { type: 'agent.disabled', ...by, detail }, toldOf(about), now);
  },
  async unlock(trx, _ctx, about, now) {
    const { agent, change, by } = about;
    await forgetLocks(trx, agent.id);
    const detail = { changeId: change.id, agentId: agent.id, note: change.reason };
    await tell(trx, { type: 'agent.unlocked', ...by, detail }, toldOf(about), now);
  },
};

function toldOf({ change, agent }: About) {
  return {
    kind: change.kind,
    agentId: agent.id,
    email: agent.email,
    role: change.role ?? agent.role,
    note: change.reason,
  };
}
