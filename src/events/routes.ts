import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { alsoAs, answer, nothing, page, paged, pickType, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';
import { DAY } from '../time.ts';
import { type DeliveryRow, listDeliveries, replay } from './deliveries.ts';
import { eventFile, eventFileTypes } from './event-file.ts';
import { noteExport } from './note-export.ts';
import { Event, showEvent } from './schemas.ts';
import { listEvents, walkEvents } from './spine.ts';

const security = [{ agent: [] }];
const status = z.enum(['waiting', 'delivered', 'failed']);

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
        summary:
          'The audit view of everything that happened, newest first. As CSV or NDJSON all of it between `from` and `to`, at most a year apart.',
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
          200: alsoAs(
            answer('Events', z.object({ items: z.array(Event), nextCursor: schemas.nextCursor })),
            ...eventFileTypes,
          ),
          ...refusals('unauthorized', 'forbidden'),
        },
      }),
      async (c) => {
        const { limit, cursor, actor, accountId, type, from, to } = c.req.valid('query');
        const range = {
          from: from === undefined ? undefined : new Date(from),
          to: to === undefined ? undefined : new Date(to),
        };
        const types = type === undefined ? undefined : [type];
        const filter = { accountId, actorId: actor, types, before: cursor, ...range };
        const wanted = pickType(c, ['application/json', ...eventFileTypes]);
        if (wanted !== 'application/json') {
          const { from, to } = requireRange(range);
          const asked = { as: wanted, accountId: accountId ?? null, from: from.toISOString(), to: to.toISOString() };
          await noteExport(ctx, c.var.agent.agent_id, asked, c.var.client);
          return eventFile(wanted, walkEvents(ctx.db, filter), 'events');
        }
        const rows = await listEvents(ctx.urgentDb, filter, limit + 1);
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

const LONGEST = 366 * DAY;

/** A file has an end: what it asks for lies between two instants. */
function requireRange({ from, to }: { from: Date | undefined; to: Date | undefined }): { from: Date; to: Date } {
  const missing = Object.entries({ from, to }).filter(([, at]) => at === undefined);
  const errors = missing.map(([name]) => ({ pointer: `/${name}`, detail: 'is needed for a file' }));
  if (from && to && to.getTime() - from.getTime() > LONGEST) {
    errors.push({ pointer: '/to', detail: 'must be at most 366 days after `from`' });
  }
  if (!from || !to || errors.length > 0) throw new Problem('invalid-request', { errors });
  return { from, to };
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
