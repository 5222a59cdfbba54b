import type { Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { type EndReason, findUnfitness } from './rules.ts';

type Obstacle = { end: EndReason; problem: Problem };

/** What stands against a change by now, asked at the yes and again when it is done. In the queue for staff. */
export async function findObstacle(trx: Transaction<Database>, change: queries.Change): Promise<Obstacle | undefined> {
  const admins = await queries.listAdmins(trx);
  // Who is let go of must leave nothing behind that others agree to.
  if (!admins.includes(change.requested_by)) return { end: 'requester-gone', problem: new Problem('approval-closed') };
  if (change.agent_id === null) {
    const isTaken = await queries.hasAgent(trx, change.email_key ?? '');
    return isTaken ? { end: 'unfit', problem: new Problem('agent-exists') } : undefined;
  }
  const agent = await queries.findAgent(trx, change.agent_id);
  if (!agent) throw new Error('agents are never deleted');
  const unfit = findUnfitness(change, agent, admins);
  return unfit && { end: 'unfit', problem: new Problem(unfit) };
}
