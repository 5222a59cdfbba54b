import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, nothing, page, paged, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { type DeliveryRow, listDeliveries, replay } from './deliveries.ts';
import { listEvents, type SpineEvent } from './spine.ts';

const security = [{ agent: [] }];
const status = z.enum(['waiting', 'delivered', 'failed']);

const Event = z
  .object({
    id: z.uuid(),
    type: z.string(),
    at: schemas.instant,
    accountId: z.uuid().nullable(),
    actor: z.object({ kind: z.string(), id: z.uuid().nullable() }),
    sessionId: z.uuid().nullable(),
    caseId: z.uuid().nullable(),
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    requestId: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .openapi('Event');

const Delivery = z
  .object({
    id: z.uuid(),
    kind: z.string(),
    reaction: z.string(),
    status,
    accountId: z.uuid().nullable(),
    caseId: z.uuid().nullable(),
    attempts: z.int(),
    createdAt: schemas.instant,
    nextAttemptAt: schemas.instant.nullable(),
    lastError: z.string().nullable(),
  })
  .openapi('Delivery');

export function eventRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/events',
        tags: ['Agent'],
        operationId: 'listEvents',
        security,
        summary: 'The audit view of everything that happened, newest first.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: {
          query: page.extend({
            cursor: z.uuid().optional(),
            actor: z.uuid().optional(),
            type: z.string().min(1).max(80).optional(),
            accountId: z.uuid().optional(),
            from: z.iso.datetime({ offset: true }).optional(),
            to: z.iso.datetime({ offset: true }).optional(),
          }),
        },
        responses: {
          200: answer('Events', z.object({ items: z.array(Event), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized', 'forbidden'),
        },
      }),
      async (c) => {
        const { limit, cursor, actor, from, to, ...filter } = c.req.valid('query');
        const range = {
          from: from === undefined ? undefined : new Date(from),
          to: to === undefined ? undefined : new Date(to),
        };
        const rows = await listEvents(ctx.urgentDb, { ...filter, ...range, actorId: actor, before: cursor }, limit + 1);
        return c.json(
          paged(rows, limit, (row) => row.id, showEvent),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/deliveries',
        tags: ['Agent'],
        operationId: 'listDeliveries',
        security,
        summary: 'Mails and tickets on their way, newest first.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: { query: page.extend({ cursor: z.uuid().optional(), status: status.optional() }) },
        responses: {
          200: answer('Deliveries', z.object({ items: z.array(Delivery), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized', 'forbidden'),
        },
      }),
      async (c) => {
        const { limit, cursor, status } = c.req.valid('query');
        return c.json(
          paged(await listDeliveries(ctx, status, limit + 1, cursor), limit, (row) => row.id, showDelivery),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/deliveries/{id}/replay',
        tags: ['Agent'],
        operationId: 'replayDelivery',
        security,
        summary: 'Sends a failed delivery again.',
        middleware: [requireAgent(ctx, 'lead'), idempotent(ctx)] as const,
        request: { params: z.object({ id: z.uuid() }) },
        responses: { 204: nothing, ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => {
        await replay(ctx, c.req.valid('param').id, { kind: 'agent', id: c.var.agent.agent_id }, c.var.client);
        return c.body(null, 204);
      },
    );
}

function showEvent(row: SpineEvent) {
  return {
    id: row.id,
    type: row.type,
    at: row.at.toISOString(),
    accountId: row.account_id,
    actor: { kind: row.actor_kind, id: row.actor_id },
    sessionId: row.session_id,
    caseId: row.case_id,
    ip: row.ip,
    userAgent: row.user_agent,
    requestId: row.request_id,
    detail: row.detail as Record<string, unknown>,
  };
}

function showDelivery(row: DeliveryRow) {
  const status = row.delivered_at ? ('delivered' as const) : row.failed_at ? ('failed' as const) : ('waiting' as const);
  return {
    id: row.id,
    kind: row.kind,
    reaction: row.reaction,
    status,
    accountId: row.account_id,
    caseId: row.case_id,
    attempts: row.attempts,
    createdAt: row.created_at.toISOString(),
    nextAttemptAt: status === 'waiting' ? row.next_attempt_at.toISOString() : null,
    lastError: row.last_error,
  };
}
