import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { body, nothing, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { trustPayee } from './quarantine.ts';

export function payeeRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/cases/{id}/trust-payee',
      tags: ['Agent'],
      operationId: 'trustPayee',
      security: [{ agent: [] }],
      summary:
        'Lets money go again to a payee who was put in quarantine as born inside the window: they are the owner’s own.',
      middleware: [requireAgent(ctx, 'lead'), idempotent(ctx)] as const,
      request: {
        params: z.object({ id: z.uuid() }),
        ...body(z.strictObject({ payeeId: z.uuid(), note: schemas.note })),
      },
      responses: { 204: nothing, ...refusals('unauthorized', 'forbidden', 'not-found', 'case-closed') },
    }),
    async (c) => {
      await trustPayee(ctx, c.req.valid('param').id, c.req.valid('json'), c.var.agent.agent_id, c.var.client);
      return c.body(null, 204);
    },
  );
}
