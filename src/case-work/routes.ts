import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import { kind, priority } from '../cases/schemas.ts';
import type { Context } from '../context.ts';
import { answer, page, paged, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { listQueue, openCase, readTimeline } from './read.ts';
import { AgentCase, showAgentCase, showEntry, showWhole, TimelineItem, WholeCase } from './schemas.ts';

const security = [{ agent: [] }];
const one = { params: z.object({ id: z.uuid() }) };
const list = <Schema extends z.ZodType>(item: Schema) =>
  z.object({ items: z.array(item), nextCursor: schemas.nextCursor });

/** `rank.time.id` of the last case seen. */
const queueCursor = z
  .string()
  .regex(/^[1-4]\.\d{1,15}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  .transform((text) => {
    const [rank, time, id] = text.split('.') as [string, string, string];
    return { rank: Number(rank), dueAt: new Date(Number(time)), id };
  });

export function caseReadingRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/cases',
        tags: ['Agent'],
        operationId: 'listCases',
        security,
        summary: 'The queue of cases: most urgent first, then what is due next. Closed ones the newest first.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: {
          query: page.extend({
            cursor: queueCursor.optional(),
            status: z.enum(['open', 'snoozed', 'closed']).default('open'),
            kind: kind.optional(),
            priority: priority.optional(),
            assignee: z.union([z.uuid(), z.enum(['me', 'none'])]).optional(),
          }),
        },
        responses: { 200: answer('The queue', list(AgentCase)), ...refusals('unauthorized', 'forbidden') },
      }),
      async (c) => {
        const { limit, cursor, assignee, ...filter } = c.req.valid('query');
        const ids = { me: c.var.agent.agent_id, none: null };
        const assigneeId = assignee === 'me' || assignee === 'none' ? ids[assignee] : assignee;
        const rows = await listQueue(ctx, { ...filter, assigneeId, after: cursor }, limit + 1);
        const now = ctx.clock.now();
        return c.json(
          paged(
            rows,
            limit,
            (row) => `${row.rank}.${row.due_at.getTime()}.${row.id}`,
            (row) => showAgentCase(row, now),
          ),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/cases/{id}',
        tags: ['Agent'],
        operationId: 'getCase',
        security,
        summary:
          'One page of a case: its steps, promises, words, contacts, proofs, window and holds. Reading it is an event.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: one,
        responses: { 200: answer('The case', WholeCase), ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => {
        const worker = { caseId: c.req.valid('param').id, agentId: c.var.agent.agent_id, client: c.var.client };
        return c.json(showWhole(await openCase(ctx, worker), ctx.clock.now()), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/cases/{id}/timeline',
        tags: ['Agent'],
        operationId: 'getTimeline',
        security,
        summary: 'What happened in a case and in those merged into it, oldest first.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: { ...one, query: page.extend({ cursor: z.uuid().optional() }) },
        responses: {
          200: answer('The timeline', list(TimelineItem)),
          ...refusals('unauthorized', 'forbidden', 'not-found'),
        },
      }),
      async (c) => {
        const { limit, cursor } = c.req.valid('query');
        const rows = await readTimeline(ctx, c.req.valid('param').id, limit + 1, cursor);
        return c.json(
          paged(rows, limit, (row) => row.id, showEntry),
          200,
        );
      },
    );
}
