import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { fullHold } from '../holds/gate.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { confirmHold } from './confirm.ts';
import { releaseReasons } from './obstacles.ts';
import { requestRelease } from './release.ts';

const security = [{ agent: [] }];
const one = { params: z.object({ id: z.uuid() }) };

export function releaseRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/holds/{id}/release',
        tags: ['Agent'],
        operationId: 'releaseHold',
        security,
        summary:
          'Asks for a hold to be lifted: a second agent decides, where the hold takes two; else it is lifted at once (ASVS 2.3.5).',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: { ...one, ...body(z.strictObject({ reasonCode: z.enum(releaseReasons), note: schemas.note })) },
        responses: {
          202: answer(
            'Asked for, or lifted',
            z.object({
              approvalId: z
                .uuid()
                .nullable()
                .openapi({ description: 'Null where one person may lift it: it is lifted' }),
              effectiveAt: schemas.instant
                .optional()
                .openapi({ description: 'Only where nobody else has to agree: when it is lifted' }),
            }),
          ),
          ...refusals(
            'unauthorized',
            'forbidden',
            'not-found',
            'already-released',
            'hold-not-releasable',
            'hold-contested',
            'step-not-ready',
            'approval-open',
          ),
        },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const request = { holdId: c.req.valid('param').id, ...c.req.valid('json'), agent, client };
        const { approvalId, effectiveAt } = await requestRelease(ctx, request);
        return c.json({ approvalId, ...(effectiveAt ? { effectiveAt: effectiveAt.toISOString() } : {}) }, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/holds/{id}/confirm',
        tags: ['Agent'],
        operationId: 'confirmHold',
        security,
        summary: 'Stands by a freeze that a rule placed; unconfirmed, it becomes a hold on money alone.',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: { ...one, ...body(z.strictObject({ note: schemas.note.optional() })) },
        responses: {
          200: answer('Confirmed', z.object({ hold: schemas.fullHold })),
          ...refusals('unauthorized', 'forbidden', 'not-found', 'already-released', 'nothing-to-confirm'),
        },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const { note } = c.req.valid('json');
        const confirmation = { holdId: c.req.valid('param').id, note, agentId: agent.agent_id, client };
        return c.json({ hold: fullHold(await confirmHold(ctx, confirmation)) }, 200);
      },
    );
}
