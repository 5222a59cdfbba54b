import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';
import { type Colleague, hasPower } from './rules.ts';

/** An agent as another one's counterpart, disabled or not. */
export async function findColleague(db: Kysely<Database>, id: string): Promise<Colleague> {
  const agent = await queries.findAgentById(db, id);
  if (!agent) throw new Error('agents are never deleted');
  return { id, role: agent.role, createdAt: agent.created_at, createdBy: agent.created_by };
}

/** Whether this agent is there and handles cases: an auditor only reads. */
export async function canHandleCases(db: Kysely<Database>, id: string): Promise<boolean> {
  const agent = await queries.findActiveAgent(db, id);
  return agent !== undefined && hasPower(agent.role, 'agent');
}
