import type { Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import * as queries from './queries.ts';
import type { EndReason } from './rules.ts';
import { type By, tell } from './tell.ts';

/** Ends a change that was not carried out; every admin is told. False where it was over already. */
export async function endChange(
  trx: Transaction<Database>,
  { id, kind, agent_id: agentId, agent_email: email, role }: queries.Change,
  { reason, note }: { reason: EndReason; note?: string },
  by: By,
  now: Date,
): Promise<boolean> {
  const whose = by.actor.kind === 'agent' ? by.actor.id : undefined;
  if (!(await queries.end(trx, id, { reason, by: whose, note }, now))) return false;
  const detail = { changeId: id, kind, agentId, reason, note: note ?? null };
  const told = { kind, agentId: null, email, role, note: note ?? '', how: reason.replaceAll('-', '_') };
  await tell(trx, { type: 'agent.change-ended', ...by, detail }, told, now);
  return true;
}
