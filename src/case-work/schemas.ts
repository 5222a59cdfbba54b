import { z } from '@hono/zod-openapi';
import type { AnyCaseRow } from '../cases/cases.ts';
import { CaseView, showCase, showMessage, showProgress } from '../cases/schemas.ts';
import { fullHold } from '../holds/gate.ts';
import * as schemas from '../schemas.ts';
import { showVerification } from '../verifications/show.ts';
import type { TimelineEntry, WholeCase as Whole } from './read.ts';
import type { ContactRow } from './speak.ts';

/** What agents are shown of a case. */

export const channel = z.enum(['web', 'mail', 'chat', 'phone', 'social']);
export const party = z.enum(['owner', 'host', 'bank', 'police', 'other']);

export const Contact = z
  .object({
    id: z.uuid(),
    channel,
    party,
    summary: z.string(),
    agreed: z.string().nullable(),
    by: z.uuid(),
    at: schemas.instant,
  })
  .openapi('CaseContact');

const agentFields = {
  accountId: z.uuid().nullable().openapi({ description: 'Null for the one case of a bulk freeze' }),
  accountCount: z.int().openapi({ description: 'How many accounts it is about' }),
  cause: z.string().nullable().openapi({ description: 'Which rule opened it' }),
  assignee: z.uuid().nullable(),
  status: z.enum(['open', 'snoozed', 'closed']),
  dueAt: schemas.instant.nullable().openapi({ description: 'What is promised next' }),
  moneyAtRisk: z.number().openapi({ description: 'The largest sum of one currency that may be lost' }),
  firstAnswerAt: schemas.instant.nullable(),
  escalatedAt: schemas.instant.nullable(),
  snoozedUntil: schemas.instant.nullable(),
  mergedInto: z.uuid().nullable(),
  closedAt: schemas.instant.nullable(),
};
export const AgentCase = CaseView.extend(agentFields).openapi('AgentCase');

export const WholeCase = AgentCase.extend({
  outcomeNote: z.string().nullable(),
  contacts: z.array(Contact),
  verification: schemas.verification,
  window: schemas.window.nullable(),
  proposedWindow: z.object({ from: schemas.instant, eventId: z.uuid(), at: schemas.instant }).nullable(),
  holds: z.array(schemas.fullHold),
}).openapi('WholeCase');

export const TimelineItem = z
  .object({
    id: z.uuid(),
    at: schemas.instant,
    what: z.enum(['event', 'message', 'contact', 'evidence']),
    type: z.string(),
    by: z.object({ kind: z.string(), id: z.uuid().nullable() }),
    text: z.string().nullable(),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi('TimelineItem');

const FAR = Date.UTC(9999, 0, 1);

export function showAgentCase(row: AnyCaseRow, now: Date) {
  const isSnoozed = !row.closed_at && row.snoozed_until !== null && row.snoozed_until > now;
  return {
    ...showCase(row, now),
    accountId: row.account_id,
    accountCount: row.account_count,
    cause: row.cause,
    assignee: row.assignee_id,
    status: isSnoozed ? ('snoozed' as const) : row.closed_at ? ('closed' as const) : ('open' as const),
    dueAt: row.due_at.getTime() >= FAR ? null : row.due_at.toISOString(),
    moneyAtRisk: Number(row.money_at_risk),
    firstAnswerAt: row.first_answer_at?.toISOString() ?? null,
    escalatedAt: row.escalated_at?.toISOString() ?? null,
    snoozedUntil: isSnoozed ? (row.snoozed_until?.toISOString() ?? null) : null,
    mergedInto: row.merged_into,
    closedAt: row.closed_at?.toISOString() ?? null,
  };
}

export function showContact(row: ContactRow) {
  const { id, channel, party, summary, agreed } = row;
  return { id, channel, party, summary, agreed, by: row.agent_id, at: row.at.toISOString() };
}

export function showWhole(whole: Whole, now: Date) {
  const { theCase, steps, messages, contacts, verification, window, proposal, holds } = whole;
  return {
    ...showAgentCase(theCase, now),
    ...showProgress(theCase, steps),
    outcomeNote: theCase.outcome_note,
    messages: messages.map(showMessage),
    contacts: contacts.map(showContact),
    verification: showVerification(verification),
    window: window ? schemas.showWindow(window) : null,
    proposedWindow: proposal
      ? { from: proposal.from.toISOString(), eventId: proposal.eventId, at: proposal.at.toISOString() }
      : null,
    holds: holds.map(fullHold),
  };
}

export function showEntry({ id, at, what, type, by, by_id, text, data }: TimelineEntry) {
  return { id, at: at.toISOString(), what, type, by: { kind: by, id: by_id }, text, data };
}
