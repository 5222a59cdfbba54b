import { z } from '@hono/zod-openapi';
import * as schemas from '../schemas.ts';
import type { Liability } from './liability.ts';
import type { Reason } from './reasons.ts';
import type { TransactionRow } from './transactions.ts';

const kind = z.enum(['payment', 'withdrawal', 'deposit', 'refund']);
const status = z.enum(['decided', 'pending-review', 'resolved']);
const decision = z.enum(['allow', 'challenge', 'review', 'deny']);
export const outcome = z.enum(['completed', 'failed', 'reversed']);

export const Decision = z
  .object({
    decision,
    status,
    score: z.int(),
    reasons: schemas.reasons,
    assessmentId: z.uuid(),
  })
  .openapi('Decision');

export function show(row: TransactionRow) {
  return {
    decision: row.decision,
    status: row.status,
    score: row.score,
    reasons: row.reasons as Reason[],
    assessmentId: row.id,
  };
}

export const OwnTransaction = z
  .object({
    id: z.uuid(),
    transactionId: z.string(),
    kind,
    amount: z.string(),
    currency: z.string(),
    payeeName: z.string().nullable(),
    occurredAt: schemas.instant,
    decision,
    status,
    outcome: outcome.nullable(),
    mine: z.boolean().nullable().openapi({ description: 'What was said of it; null while nobody has' }),
    markedAt: schemas.instant.nullable(),
    proven: z.boolean().nullable().openapi({ description: 'False for what was said by a case token alone' }),
  })
  .openapi('OwnTransaction');

/** Not why it was decided so: whoever looks may be who it is about. */
export function showOwn(row: TransactionRow) {
  return {
    id: row.id,
    transactionId: row.transaction_id,
    kind: row.kind,
    amount: row.amount,
    currency: row.currency,
    payeeName: row.payee_name,
    occurredAt: row.occurred_at.toISOString(),
    decision: row.decision,
    status: row.status,
    outcome: row.outcome,
    mine: row.marked_mine,
    markedAt: row.marked_at?.toISOString() ?? null,
    proven: row.mark_proven,
  };
}

export const LiabilityView = z
  .object({
    transactionId: z.string(),
    amount: z.string(),
    currency: z.string(),
    occurredAt: schemas.instant,
    reportedAt: schemas.instant,
    proven: z.boolean(),
    outcome: outcome.nullable(),
    completedAfterReport: z.boolean(),
    confirmedWith: z.string().nullable().openapi({
      description: 'The second factor that confirmed exactly this amount and payee (PSD2 97(2)); null where none did',
    }),
    signedInWith: z.array(z.string()).nullable().openapi({ description: 'Of the session that asked (RFC 8176)' }),
    device: z.object({ id: z.uuid(), since: schemas.instant.nullable() }).nullable(),
  })
  .openapi('Liability');

export function showLiability(row: Liability) {
  const { device_id: id, device_since: since } = row;
  return {
    transactionId: row.transaction_id,
    amount: row.amount,
    currency: row.currency,
    occurredAt: row.occurred_at.toISOString(),
    reportedAt: row.reported_at.toISOString(),
    proven: row.is_proven,
    outcome: row.outcome,
    completedAfterReport: row.completed_at !== null && row.completed_at > row.reported_at,
    confirmedWith: row.factor,
    signedInWith: row.session_amr,
    device: id === null ? null : { id, since: since?.toISOString() ?? null },
  };
}
