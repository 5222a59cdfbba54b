import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { showVerification } from './show.ts';
import { recordVerification } from './verifications.ts';

export function verificationRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/cases/{id}/verifications',
      tags: ['Agent'],
      operationId: 'recordVerification',
      security: [{ agent: [] }],
      summary: 'Records a proof of the owner’s identity; answers how far all of them reach (ASVS 6.4.4).',
      middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
      request: {
        params: z.object({ id: z.uuid() }),
        ...body(z.strictObject({ kind: schemas.verificationKind, note: schemas.note })),
      },
      responses: {
        201: answer('What it reaches now', schemas.verification),
        ...refusals('unauthorized', 'forbidden', 'not-found', 'case-closed'),
      },
    }),
    async (c) => {
      const { agent, client } = c.var;
      const standing = await recordVerification(
        ctx,
        c.req.valid('param').id,
        c.req.valid('json'),
        agent.agent_id,
        client,
      );
      return c.json(showVerification(standing), 201);
    },
  );
}
