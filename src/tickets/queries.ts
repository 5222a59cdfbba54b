import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../db/types.ts';

type TicketRow = Selectable<Database['tickets']>;

/** A ticket with what the helpdesk is told of its case. */
export type TicketedCase = TicketRow & {
  reference: string;
  kind: Database['cases']['kind'];
  case_priority: Database['cases']['priority'];
  respond_by: Date;
  account_id: string | null;
  account_count: number;
  account_external_id: string | null;
};

export async function findTicketedCase(db: Kysely<Database>, caseId: string): Promise<TicketedCase | undefined> {
  return await db
    .selectFrom('tickets')
    .innerJoin('cases', 'cases.id', 'tickets.case_id')
    .leftJoin('accounts', 'accounts.id', 'cases.account_id')
    .selectAll('tickets')
    .select([
      'cases.reference',
      'cases.kind',
      'cases.priority as case_priority',
      'cases.respond_by',
      'cases.account_id',
      'cases.account_count',
      'accounts.external_id as account_external_id',
    ])
    .where('tickets.case_id', '=', caseId)
    .executeTakeFirst();
}

export async function markOpened(
  db: Kysely<Database>,
  id: string,
  externalId: string | null,
  url: string | null,
  now: Date,
): Promise<void> {
  await db
    .updateTable('tickets')
    .set({ external_id: externalId, url, opened_at: now, last_error: null })
    .where('id', '=', id)
    .where('opened_at', 'is', null)
    .execute();
}

export async function markTrouble(db: Kysely<Database>, id: string, error: string): Promise<void> {
  await db.updateTable('tickets').set({ last_error: error }).where('id', '=', id).execute();
}

export type ListedTicket = TicketRow & { case_closed_at: Date | null };

export async function listTickets(
  db: Kysely<Database>,
  caseId: string | undefined,
  limit: number,
  before: string | undefined,
): Promise<ListedTicket[]> {
  return await db
    .selectFrom('tickets')
    .innerJoin('cases', 'cases.id', 'tickets.case_id')
    .selectAll('tickets')
    .select('cases.closed_at as case_closed_at')
    .$if(caseId !== undefined, (query) => query.where('tickets.case_id', '=', caseId as string))
    .$if(before !== undefined, (query) => query.where('tickets.id', '<', before as string))
    .orderBy('tickets.id', 'desc')
    .limit(limit)
    .execute();
}
