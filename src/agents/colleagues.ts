import type { Kysely } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';
import { type Colleague, hasPower } from './rules.ts';

/** An agent as another one's counterpart, disabled or not. */
export async function findColleague(db: Kysely<Database>, id: string): Promise<Colleague> {
  const agent = await queries.findAgentById(db, id);
  if (!agent) throw new Error('agents are never deleted');
  const made =
    agent.created_by === null ? [] : [{ favour: 'made', by: agent.created_by, at: agent.created_at } as const];
  const since = await queries.listLettingsIn(db, id);
  const letIn = since.flatMap(({ kind, requested_by, decided_by, executed_at: at }) =>
    [requested_by, decided_by].flatMap((by) => (by === null ? [] : [{ favour: favours[kind], by, at }])),
  );
  return { id, role: agent.role, createdAt: agent.created_at, letIn: [...made, ...letIn] };
}

/** Who asked for it did it, and who agreed. */
const favours = { make: 'made', reset: 're-enrolled', enable: 'unlocked', unlock: 'unlocked' } as const;

/** Whether this agent is there and handles cases: an auditor only reads. */
export async function canHandleCases(db: Kysely<Database>, id: string): Promise<boolean> {
  const agent = await queries.findActiveAgent(db, id);
  return agent !== undefined && hasPower(agent.role, 'agent');
}
