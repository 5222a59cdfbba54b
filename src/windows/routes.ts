import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { setWindow } from './windows.ts';

const instant = z.iso.datetime({ offset: true });

export function windowRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/cases/{id}/window',
      tags: ['Agent'],
      operationId: 'setWindow',
      security: [{ agent: [] }],
      summary:
        'Sets from when until when somebody else may have been in the account: what is born inside proves and approves nothing. One person may widen it.',
      middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
      request: {
        params: z.object({ id: z.uuid() }),
        ...body(z.strictObject({ from: instant, until: instant.optional(), note: schemas.note })),
      },
      responses: {
        200: answer('The window', schemas.window),
        ...refusals('unauthorized', 'forbidden', 'not-found', 'case-closed', 'second-person-required'),
      },
    }),
    async (c) => {
      const { from, until, note } = c.req.valid('json');
      const wanted = { from: new Date(from), until: until === undefined ? undefined : new Date(until), note };
      const window = await setWindow(ctx, c.req.valid('param').id, wanted, c.var.agent.agent_id, c.var.client);
      return c.json(schemas.showWindow(window), 200);
    },
  );
}
