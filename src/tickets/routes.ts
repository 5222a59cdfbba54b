import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, page, paged, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { type ListedTicket, listTickets } from './tickets.ts';

const Ticket = z
  .object({
    id: z.uuid(),
    caseId: z.uuid(),
    provider: z.string(),
    externalId: z.string().nullable(),
    url: z.string().nullable(),
    priority: z.enum(['urgent', 'high', 'normal', 'low']),
    status: z.enum(['requested', 'open', 'closed']).openapi({ description: '`requested` until the helpdesk has it' }),
    openedAt: schemas.instant.nullable(),
    lastError: z.string().nullable(),
  })
  .openapi('Ticket');

export function ticketRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/tickets',
      tags: ['Agent'],
      operationId: 'listTickets',
      security: [{ agent: [] }],
      summary: 'Cases as the helpdesk knows them, newest first.',
      middleware: [requireAgent(ctx, 'read')] as const,
      request: { query: page.extend({ cursor: z.uuid().optional(), caseId: z.uuid().optional() }) },
      responses: {
        200: answer('Tickets', z.object({ items: z.array(Ticket), nextCursor: schemas.nextCursor })),
        ...refusals('unauthorized', 'forbidden'),
      },
    }),
    async (c) => {
      const { limit, cursor, caseId } = c.req.valid('query');
      const rows = await listTickets(ctx, caseId, limit + 1, cursor);
      return c.json(
        paged(rows, limit, (row) => row.id, show),
        200,
      );
    },
  );
}

function show(row: ListedTicket) {
  const status =
    row.opened_at === null ? ('requested' as const) : row.case_closed_at ? ('closed' as const) : ('open' as const);
  return {
    id: row.id,
    caseId: row.case_id,
    provider: row.provider,
    externalId: row.external_id,
    url: row.url,
    priority: row.priority,
    status,
    openedAt: row.opened_at?.toISOString() ?? null,
    lastError: row.last_error,
  };
}
