import { createRoute, z } from '@hono/zod-openapi';
import type { Context as HonoContext } from 'hono';
import type { Context } from '../context.ts';
import { answer, body, type Env, nothing, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireOwnerOrCase } from '../sessions/guards.ts';
import { appeal } from './appeals.ts';
import { giveFeedback } from './feedback.ts';

const security = [{ owner: [] }, { caseToken: [] }];
const one = { params: z.object({ id: z.uuid() }) };
const codes = ['unauthorized', 'not-found', 'case-open', 'already-said', 'too-many-requests'] as const;

/** What an owner says once their case has ended. */
export function appealRoutes(ctx: Context): Router {
  const speakerOf = (c: HonoContext<Env>) => ({
    accountId: c.var.speaker.accountId,
    isProven: c.var.speaker.session !== undefined,
    client: c.var.client,
  });
  const requireLeave = async (c: HonoContext<Env>) => {
    await ctx.limits.takeOpenly('report', c.var.client.ip);
    await ctx.limits.takeOpenlyFor('speech', c.var.speaker.accountId);
  };
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/cases/{id}/appeal',
        tags: ['Owner'],
        operationId: 'appeal',
        security,
        summary: 'Disagrees with how a case ended, once: somebody else takes it up again, and answers in `sla.appeal`.',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: { ...one, ...body(z.strictObject({ message: z.string().trim().min(1).max(8000) })) },
        responses: {
          202: answer('Open again', z.object({ caseReference: z.string(), respondBy: schemas.instant })),
          ...refusals(...codes),
        },
      }),
      async (c) => {
        await requireLeave(c);
        const { id } = c.req.valid('param');
        const { reference, answerBy } = await appeal(ctx, speakerOf(c), id, c.req.valid('json').message);
        return c.json({ caseReference: reference, respondBy: answerBy.toISOString() }, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/cases/{id}/feedback',
        tags: ['Owner'],
        operationId: 'giveFeedback',
        security,
        summary: 'Says how one was served, from 1 to 5, once and after the case has ended.',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: {
          ...one,
          ...body(
            z.strictObject({ rating: z.int().min(1).max(5), text: z.string().trim().min(1).max(4000).optional() }),
          ),
        },
        responses: { 204: nothing, ...refusals(...codes) },
      }),
      async (c) => {
        await requireLeave(c);
        await giveFeedback(ctx, speakerOf(c), c.req.valid('param').id, c.req.valid('json'));
        return c.body(null, 204);
      },
    );
}
