import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { extendWatch, readWatch, signOff, type Watch } from './watches.ts';

const security = [{ agent: [] }];
const params = z.object({ id: z.uuid() });
const WatchView = z
  .object({
    beganAt: schemas.instant,
    until: schemas.instant,
    endedAt: schemas.instant.nullable(),
    endReason: z.enum(['signed-off', 'relapsed']).nullable(),
  })
  .openapi('Watch');
const count = z.int().min(0);
const Summary = z.object({
  signIns: count,
  newDevices: count,
  failedSignIns: count,
  changes: count,
  ruleMatches: count,
  allowed: count,
  stopped: count,
});

export function watchRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/cases/{id}/watch',
        tags: ['Agent'],
        operationId: 'getWatch',
        security,
        summary: 'The weeks after the release, with what happened on the account in them.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: { params },
        responses: {
          200: answer('The watch', WatchView.extend({ summary: Summary })),
          ...refusals('unauthorized', 'forbidden', 'not-found'),
        },
      }),
      async (c) => {
        const { summary, ...watch } = await readWatch(ctx, c.req.valid('param').id);
        return c.json({ ...showWatch(watch), summary }, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/cases/{id}/watch',
        tags: ['Agent'],
        operationId: 'extendWatch',
        security,
        summary: 'Makes the watch longer, to 90 days from its begin at most; nobody makes it shorter.',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: {
          params,
          ...body(z.strictObject({ until: z.iso.datetime({ offset: true }), note: schemas.note })),
        },
        responses: { 200: answer('The watch', WatchView), ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => {
        const { until, note } = c.req.valid('json');
        const asked = { caseId: c.req.valid('param').id, agentId: c.var.agent.agent_id, client: c.var.client, note };
        return c.json(showWatch(await extendWatch(ctx, { ...asked, until: new Date(until) })), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/cases/{id}/watch/sign-off',
        tags: ['Agent'],
        operationId: 'signOffWatch',
        security,
        summary: 'Says, once its time is over, that all is well: less is doubted from then on, and the owner is told.',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: { params, ...body(z.strictObject({ note: schemas.note })) },
        responses: {
          200: answer('The watch', WatchView),
          ...refusals('unauthorized', 'forbidden', 'not-found', 'too-early'),
        },
      }),
      async (c) => {
        const { note } = c.req.valid('json');
        const asked = { caseId: c.req.valid('param').id, agentId: c.var.agent.agent_id, client: c.var.client, note };
        return c.json(showWatch(await signOff(ctx, asked)), 200);
      },
    );
}

function showWatch({ began_at, until, ended_at, end_reason }: Watch) {
  return {
    beganAt: began_at.toISOString(),
    until: until.toISOString(),
    endedAt: ended_at?.toISOString() ?? null,
    endReason: end_reason,
  };
}
