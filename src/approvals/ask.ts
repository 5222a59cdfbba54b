import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import { endApprovals } from './end.ts';
import * as queries from './queries.ts';
import { soloEffectiveAt } from './rules.ts';
import { tellOwner } from './schedule.ts';

type Wish = queries.Subject & {
  caseId: string | undefined;
  reason: string;
  /** Why a hold is to be released. */
  reasonCode?: queries.ApprovalRow['reason_code'];
  agentId: string;
  client: Client;
};

/**
 * Asks for a second agent's yes, under the account's lock; alone, where the policy says so, for time to pass instead.
 * Throws `approval-open` with the one that is open already.
 */
export async function askApproval(
  trx: Transaction<Database>,
  ctx: Context,
  { kind, accountId, subjectId, caseId, reason, reasonCode, agentId, client }: Wish,
  now: Date,
): Promise<queries.ApprovalRow> {
  const subject = { accountId, kind, subjectId };
  const open = await queries.findOpen(trx, subject, now);
  if (open) throw new Problem('approval-open', { members: { approvalId: open.id } });
  // Over for everybody who looks, but not put away yet.
  await endApprovals(trx, subject, { reason: 'expired', actor: { kind: 'system' } }, now);
  const approval = await queries.insertApproval(trx, {
    id: newId(now),
    kind,
    account_id: accountId,
    case_id: caseId ?? null,
    subject_id: subjectId ?? null,
    reason_code: reasonCode ?? null,
    requested_by: agentId,
    reason,
    requested_at: now,
    expires_at: plus(now, ctx.policy['approvals.ttl']),
    effective_at: soloEffectiveAt(ctx.policy, kind, now) ?? null,
  });
  const actor = { kind: 'agent', id: agentId } as const;
  const detail = { approvalId: approval.id, kind, note: reason, expiresAt: approval.expires_at.toISOString() };
  await record(
    trx,
    { type: 'approval.requested', actor, accountId: accountId ?? undefined, caseId, client, detail },
    now,
  );
  await tellOwner(trx, approval, { actor, client }, now);
  return approval;
}
