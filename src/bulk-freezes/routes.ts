import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, page, paged, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { requestBulkFreeze, requestUndo } from './bulk-freezes.ts';
import { listBulkFreezes, readBulkFreeze } from './read.ts';
import { BulkFreeze, BulkFreezeBody, showBulkFreeze, showWholeBulkFreeze, WholeBulkFreeze } from './schemas.ts';

const security = [{ agent: [] }];
const one = { params: z.object({ jobId: z.uuid() }) };

export function bulkFreezeRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/bulk-freezes',
        tags: ['Agent'],
        operationId: 'bulkFreeze',
        security,
        summary:
          'Freezes up to 100,000 accounts under one case: at once for up to 50, else when a second agent agrees (ASVS 2.3.5). A dry run freezes nobody.',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: body(BulkFreezeBody),
        responses: { 202: answer('Asked for, or begun', WholeBulkFreeze), ...refusals('unauthorized', 'forbidden') },
      }),
      async (c) => {
        const { accountIds, filter, reasonCode, note, dryRun: isDryRun } = c.req.valid('json');
        const wanted = accountIds === undefined ? { filter: filter ?? {} } : { accountIds };
        const by = { agentId: c.var.agent.agent_id, client: c.var.client };
        const id = await requestBulkFreeze(ctx, { wanted, reasonCode, note, isDryRun, ...by });
        return c.json(showWholeBulkFreeze(await readBulkFreeze(ctx, id)), 202);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/bulk-freezes',
        tags: ['Agent'],
        operationId: 'listBulkFreezes',
        security,
        summary: 'Freezes of many accounts, the newest first.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: { query: page.extend({ cursor: z.uuid().optional() }) },
        responses: {
          200: answer('Bulk freezes', z.object({ items: z.array(BulkFreeze), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized', 'forbidden'),
        },
      }),
      async (c) => {
        const { limit, cursor } = c.req.valid('query');
        const found = await listBulkFreezes(ctx, limit + 1, cursor);
        return c.json(
          paged(found, limit, ({ row }) => row.id, showBulkFreeze),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/bulk-freezes/{jobId}',
        tags: ['Agent'],
        operationId: 'getBulkFreeze',
        security,
        summary: 'How far a freeze of many is: counts, a masked sample, and what could not be done.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: one,
        responses: {
          200: answer('The bulk freeze', WholeBulkFreeze),
          ...refusals('unauthorized', 'forbidden', 'not-found'),
        },
      }),
      async (c) => c.json(showWholeBulkFreeze(await readBulkFreeze(ctx, c.req.valid('param').jobId)), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/bulk-freezes/{jobId}/undo',
        tags: ['Agent'],
        operationId: 'undoBulkFreeze',
        security,
        summary:
          'Asks for the holds that a bulk freeze placed to be lifted; a second agent always decides (ASVS 2.3.5). Accounts whose owners reported stay frozen.',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: { ...one, ...body(z.strictObject({ note: schemas.note })) },
        responses: {
          202: answer('Asked for', z.object({ approvalId: z.uuid() })),
          ...refusals('unauthorized', 'forbidden', 'not-found', 'step-not-ready', 'already-released', 'approval-open'),
        },
      }),
      async (c) => {
        const undo = { id: c.req.valid('param').jobId, note: c.req.valid('json').note };
        const by = { agentId: c.var.agent.agent_id, client: c.var.client };
        return c.json({ approvalId: await requestUndo(ctx, { ...undo, ...by }) }, 202);
      },
    );
}
