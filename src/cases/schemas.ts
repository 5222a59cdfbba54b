import { z } from '@hono/zod-openapi';
import { nextStep, type StepState } from '../playbooks/playbook.ts';
import { steps } from '../playbooks/rules.ts';
import * as schemas from '../schemas.ts';
import type { AnyCaseRow, MessageRow } from './cases.ts';

/** What owners and agents are shown of a case. */

export const kind = z.enum([
  'takeover',
  'suspicious-activity',
  'unauthorised-transaction',
  'scam',
  'locked-out',
  'complaint',
]);
export const priority = z.enum(['urgent', 'high', 'normal', 'low']);
export const step = z.enum(steps);
const promise = z.object({
  what: z.enum(['first-answer', 'solved', 'refund']),
  by: z.literal('support'),
  dueAt: schemas.instant,
  kept: z.boolean(),
});

export const Message = z.object({
  id: z.uuid(),
  author: z.enum(['owner', 'agent', 'system']),
  kind: z.string(),
  body: z.string(),
  proven: z.boolean(),
  at: schemas.instant,
});

const StepView = z
  .object({
    step,
    done: z.boolean(),
    missing: z.array(z.string()).openapi({ description: 'What must be so before it can begin' }),
  })
  .openapi('Step', { description: 'Derived from facts; nobody ticks it' });

const Refund = z
  .object({ dueAt: schemas.instant, status: z.enum(['pending', 'overdue', 'granted', 'refused']) })
  .openapi('Refund', { description: 'By when it is decided whether the money is given back (PSD2 73)' });

export const CaseView = z
  .object({
    id: z.uuid(),
    reference: z.string(),
    kind,
    priority,
    status: z.enum(['open', 'closed']),
    openedAt: schemas.instant,
    respondBy: schemas.instant,
    refund: Refund.nullable(),
    outcome: z.enum(['confirmed', 'false-positive', 'solved', 'declined', 'merged']).nullable(),
    messages: z.array(Message).optional(),
    steps: z.array(StepView).optional(),
    next: step.nullable().optional().openapi({ description: 'The step that can begin now' }),
    promises: z.array(promise).optional().openapi({ description: 'Who answers by when' }),
  })
  .openapi('Case');

export function showCase(row: AnyCaseRow, now: Date) {
  return {
    id: row.id,
    reference: row.reference,
    kind: row.kind,
    priority: row.priority,
    status: row.closed_at ? ('closed' as const) : ('open' as const),
    openedAt: row.opened_at.toISOString(),
    respondBy: row.respond_by.toISOString(),
    refund: showRefund(row, now),
    outcome: row.outcome,
  };
}

function showRefund({ refund_due_at: dueAt, refund_decision: decision }: AnyCaseRow, now: Date) {
  if (!dueAt) return null;
  return {
    dueAt: dueAt.toISOString(),
    status: decision ?? (dueAt < now ? ('overdue' as const) : ('pending' as const)),
  };
}

export function showProgress(row: AnyCaseRow, states: StepState[]) {
  return { steps: states, next: row.closed_at ? null : nextStep(states), promises: showPromises(row) };
}

function showPromises(row: AnyCaseRow) {
  const of = (what: z.infer<typeof promise>['what'], dueAt: Date | null, keptAt: Date | null) =>
    dueAt ? [{ what, by: 'support' as const, dueAt: dueAt.toISOString(), kept: keptAt !== null }] : [];
  return [
    ...of('first-answer', row.respond_by, row.first_answer_at),
    ...of('solved', row.solve_by, row.closed_at),
    ...of('refund', row.refund_due_at, row.refund_decided_at),
  ];
}

export function showMessage(row: MessageRow) {
  return {
    id: row.id,
    author: row.author_kind,
    kind: row.kind,
    body: row.body,
    proven: row.is_proven,
    at: row.created_at.toISOString(),
  };
}
