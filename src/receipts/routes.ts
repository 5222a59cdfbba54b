import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { answer, page, paged, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireOwnerOrCase } from '../sessions/guards.ts';
import { listReceipts } from './receipts.ts';

const Receipt = z
  .object({
    id: z.uuid(),
    issuedAt: schemas.instant,
    caseReference: z.string().nullable(),
    receipt: z.string().openapi({ description: 'JWS, to be checked with /.well-known/receipt-keys.json' }),
  })
  .openapi('Receipt');

export function receiptRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/receipts',
      tags: ['Owner'],
      operationId: 'listReceipts',
      security: [{ owner: [] }, { caseToken: [] }],
      summary: 'The signed proof of every report and freeze, newest first; kept for at least 18 months (PSD2 70).',
      middleware: [requireOwnerOrCase(ctx)] as const,
      request: { query: page.extend({ cursor: z.uuid().optional() }) },
      responses: {
        200: answer('Receipts', z.object({ items: z.array(Receipt), nextCursor: schemas.nextCursor })),
        ...refusals('unauthorized'),
      },
    }),
    async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const rows = await listReceipts(ctx, c.var.speaker.accountId, limit + 1, cursor);
      const show = (row: (typeof rows)[number]) => ({
        id: row.id,
        issuedAt: row.issued_at.toISOString(),
        caseReference: row.reference,
        receipt: row.jws,
      });
      return c.json(
        paged(rows, limit, (row) => row.id, show),
        200,
      );
    },
  );
}
