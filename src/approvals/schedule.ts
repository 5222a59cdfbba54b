import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import type { ApprovalRow } from './queries.ts';
import { kinds } from './rules.ts';

/** Once it is known when it will be done, and not at once, the owner is told everywhere, with a link that vetoes it (NB-R7). */
export async function tellOwner(
  trx: Transaction<Database>,
  approval: ApprovalRow,
  { actor, client }: { actor: Actor; client: Client },
  now: Date,
): Promise<void> {
  const { id, kind, account_id: accountId, case_id: caseId, effective_at: effectiveAt } = approval;
  const facts = kinds[kind];
  if (facts.isOfMany || accountId === null || !effectiveAt || effectiveAt <= now) return;
  const detail = { approvalId: id, until: effectiveAt.toISOString() };
  // The mail is not to name the agent's device as if it were a stranger's.
  const payload = { device: '', ip: '', subjectId: id };
  await record(
    trx,
    { type: facts.scheduled, actor, accountId, caseId: caseId ?? undefined, client, detail, payload },
    now,
  );
}
