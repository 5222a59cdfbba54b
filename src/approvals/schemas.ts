import { z } from '@hono/zod-openapi';
import { releaseReasons } from '../releases/obstacles.ts';
import * as schemas from '../schemas.ts';
import { written } from '../time.ts';
import type { Approval } from './list.ts';
import { approvalKinds, endReasons, statuses } from './rules.ts';

/** What every wish has that somebody else must agree to. */
export const wishFields = {
  requestedBy: z.uuid(),
  requestedAt: schemas.instant,
  reason: z.string(),
  expiresAt: schemas.instant,
  decidedBy: z.uuid().nullable(),
  decidedAt: schemas.instant.nullable(),
  decisionNote: z.string().nullable(),
  effectiveAt: schemas.instant.nullable(),
  executedAt: schemas.instant.nullable(),
  endedAt: schemas.instant.nullable(),
};

export const ApprovalView = z
  .object({
    id: z.uuid(),
    kind: z.enum(approvalKinds),
    status: z.enum(statuses),
    accountId: z.uuid().nullable(),
    caseId: z.uuid().nullable(),
    caseReference: z.string().nullable(),
    subjectId: z.uuid().nullable().openapi({ description: 'The hold to be released, or the bulk freeze' }),
    reasonCode: z.enum(releaseReasons).nullable().openapi({ description: 'Why it is to be released' }),
    ...wishFields,
    endReason: z.enum(endReasons).nullable(),
    endedBy: z.uuid().nullable(),
    endNote: z.string().nullable(),
  })
  .openapi('Approval', { description: 'What one agent asked for and a second one must agree to' });

type Wish<Reason> = Pick<
  Approval,
  | 'requested_by'
  | 'requested_at'
  | 'reason'
  | 'expires_at'
  | 'decided_by'
  | 'decided_at'
  | 'decision_note'
  | 'effective_at'
  | 'executed_at'
  | 'ended_at'
  | 'ended_by'
  | 'end_note'
> & { end_reason: Reason };

/** Who asked, who agreed and how it ended. */
export function showWish<Reason>(row: Wish<Reason>) {
  return {
    requestedBy: row.requested_by,
    requestedAt: row.requested_at.toISOString(),
    reason: row.reason,
    expiresAt: row.expires_at.toISOString(),
    decidedBy: row.decided_by,
    decidedAt: written(row.decided_at),
    decisionNote: row.decision_note,
    effectiveAt: written(row.effective_at),
    executedAt: written(row.executed_at),
    endedAt: written(row.ended_at),
    endReason: row.end_reason,
    endedBy: row.ended_by,
    endNote: row.end_note,
  };
}

export function showApproval(row: Approval): z.infer<typeof ApprovalView> {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    accountId: row.account_id,
    caseId: row.case_id,
    caseReference: row.case_reference,
    subjectId: row.subject_id,
    reasonCode: row.reason_code,
    ...showWish(row),
  };
}
