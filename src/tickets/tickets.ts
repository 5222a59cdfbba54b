import type { Context } from '../context.ts';
import { type Claimed, DeliveryError } from '../events/deliveries.ts';
import { builtinHelpdesk, type Helpdesk, type TicketMessage } from './helpdesk.ts';
import * as queries from './queries.ts';
import { webhookHelpdesk } from './webhook.ts';

export type ListedTicket = queries.ListedTicket;

export function openHelpdesk(ctx: Context): Helpdesk {
  const { helpdesk, publicUrl } = ctx.config;
  return helpdesk.provider === 'webhook' ? webhookHelpdesk(helpdesk.url, helpdesk.secret) : builtinHelpdesk(publicUrl);
}

/** Tells the helpdesk of one event of a case. One ticket per case, however often this runs. */
export async function deliverTicket(ctx: Context, helpdesk: Helpdesk, delivery: Claimed): Promise<void> {
  const ticket = delivery.case_id ? await queries.findTicketedCase(ctx.db, delivery.case_id) : undefined;
  if (!ticket) return;
  // One ticket of many accounts hears of them all, not of each.
  if (ticket.account_id === null && delivery.account_id !== null) return;
  const isOpening = delivery.reaction === 'requested';
  if (isOpening && ticket.opened_at) return;
  if (!isOpening && !ticket.opened_at) throw new DeliveryError('the ticket is not open yet');
  const telling = { message: messageOf(ticket, delivery), happenedAt: delivery.at, now: ctx.clock.now() };
  try {
    if (!isOpening) return await helpdesk.comment({ id: delivery.id, ...telling });
    // Named after the case, so that the receiver can tell a second request for it from a first.
    const opened = await helpdesk.open({ id: `ticket_${ticket.case_id}`, ...telling });
    await queries.markOpened(ctx.db, ticket.id, opened.externalId, opened.url, ctx.clock.now());
  } catch (error) {
    if (error instanceof DeliveryError) await queries.markTrouble(ctx.db, ticket.id, error.message);
    throw error;
  }
}

export async function listTickets(
  ctx: Context,
  caseId: string | undefined,
  limit: number,
  before: string | undefined,
): Promise<ListedTicket[]> {
  return await queries.listTickets(ctx.urgentDb, caseId, limit, before);
}

const subjects: Record<queries.TicketedCase['kind'], string> = {
  takeover: 'Account takeover',
  'suspicious-activity': 'Suspicious activity on an account',
  'unauthorised-transaction': 'Unauthorised transaction reported',
  scam: 'Scam reported',
  'locked-out': 'Owner is locked out',
  complaint: 'Complaint',
};

function messageOf(ticket: queries.TicketedCase, delivery: Claimed): TicketMessage {
  const what = {
    'case.opened': 'A case was opened',
    'case.raised': 'The case became urgent',
    'case.overdue': 'What was promised has not happened; the case became more urgent',
    'case.answered': 'Support wrote to the owner',
    'case.merged': 'The case was merged into another',
    'case.resolved': 'The case was closed',
    'bulk-freeze.finished': 'All accounts of the bulk freeze were worked through',
    'bulk-freeze.undone': 'The bulk freeze was undone',
    'case.reported': 'The owner reported',
    'case.appealed': 'The owner appealed: somebody else must hear it',
    'report.received': 'Somebody unverified reported',
    'case.message-added': 'The owner wrote',
    'hold.released': 'A hold was released',
    'hold.release-cancelled': 'The release of a hold was stopped',
    'second-factor.reset-cancelled': 'The reset of the second factor was stopped',
  };
  const event = what[delivery.event_type as keyof typeof what] ?? delivery.event_type;
  return {
    caseId: ticket.case_id,
    reference: ticket.reference,
    kind: ticket.kind,
    priority: ticket.case_priority,
    subject: `[${ticket.reference}] ${ticket.account_id === null ? `Bulk freeze of ${ticket.account_count} accounts` : subjects[ticket.kind]}`,
    body: `${event} on ${delivery.at.toISOString()}. First answer due by ${ticket.respond_by.toISOString()}. Details are in the case.`,
    account: ticket.account_id === null ? null : { id: ticket.account_id, externalId: ticket.account_external_id },
    accountCount: ticket.account_count,
    respondBy: ticket.respond_by.toISOString(),
  };
}
