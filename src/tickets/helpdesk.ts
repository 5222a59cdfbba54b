/** What a helpdesk learns of a case: enough to act, nothing secret, nothing a ticket could unfreeze with. */
export type TicketMessage = {
  caseId: string;
  reference: string;
  kind: string;
  priority: 'urgent' | 'high' | 'normal' | 'low';
  subject: string;
  body: string;
  /** Null for the one ticket of many accounts. */
  account: { id: string; externalId: string | null } | null;
  accountCount: number;
  respondBy: string;
};

export type Opened = { externalId: string | null; url: string | null };

/** What is told: `id` and `happenedAt` stay over retries, `now` is of this attempt. */
export type Telling = { id: string; message: TicketMessage; happenedAt: Date; now: Date };

/** One helpdesk system. Each call may be repeated with the same id and must then have no second effect. */
export type Helpdesk = {
  open(telling: Telling): Promise<Opened>;
  comment(telling: Telling): Promise<void>;
};

/** The queue of this service itself: a case is its own ticket. */
export function builtinHelpdesk(publicUrl: string): Helpdesk {
  return {
    open: async ({ message }) => ({
      externalId: message.reference,
      url: `${publicUrl}/agent/cases/${message.caseId}`,
    }),
    comment: async () => undefined,
  };
}
