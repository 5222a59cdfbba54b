import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import { step } from '../cases/schemas.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { startStep } from './start-step.ts';

const Started = z
  .object({
    started: z.enum(['freeze', 'password-reset', 'message']).nullable(),
    next: z.string().nullable().openapi({ description: 'The call that this step waits for' }),
  })
  .openapi('StartedStep');

export function stepRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/cases/{id}/steps/{step}',
      tags: ['Agent'],
      operationId: 'startStep',
      security: [{ agent: [] }],
      summary:
        'Starts what a step is about and never ticks it; 409 `step-not-ready` names what is `missing` before it.',
      middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
      request: {
        params: z.object({ id: z.uuid(), step }),
        ...body(z.strictObject({ note: schemas.note })),
      },
      responses: {
        200: answer('Started', Started),
        ...refusals('unauthorized', 'forbidden', 'not-found', 'case-closed', 'step-not-ready'),
      },
    }),
    async (c) => {
      const { id: caseId, step } = c.req.valid('param');
      const worker = { caseId, agentId: c.var.agent.agent_id, client: c.var.client };
      return c.json(await startStep(ctx, worker, step, c.req.valid('json').note), 200);
    },
  );
}
