import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { requestFactorReset } from './request.ts';

export function lostFactorRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/accounts/{id}/reset-second-factor',
      tags: ['Agent'],
      operationId: 'resetSecondFactor',
      security: [{ agent: [] }],
      summary:
        'Asks for a lost second factor to be taken away: verified identity, a second agent, a delay and the owner’s veto (ASVS 6.4.4).',
      middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
      request: {
        params: z.object({ id: z.uuid() }),
        ...body(z.strictObject({ note: schemas.note, caseId: z.uuid().optional() })),
      },
      responses: {
        202: answer(
          'Asked for',
          z.object({
            approvalId: z.uuid(),
            effectiveAt: schemas.instant.optional().openapi({ description: 'Only where nobody else has to agree' }),
          }),
        ),
        ...refusals(
          'unauthorized',
          'forbidden',
          'not-found',
          'account-held',
          'step-not-ready',
          'no-second-factor',
          'approval-open',
        ),
      },
    }),
    async (c) => {
      const { agent, client } = c.var;
      const request = {
        accountId: c.req.valid('param').id,
        ...c.req.valid('json'),
        agentId: agent.agent_id,
        client,
      };
      const { approvalId, effectiveAt } = await requestFactorReset(ctx, request);
      return c.json({ approvalId, ...(effectiveAt ? { effectiveAt: effectiveAt.toISOString() } : {}) }, 202);
    },
  );
}
