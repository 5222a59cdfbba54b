import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { csvOf, download } from '../download.ts';
import { eventFile } from '../events/event-file.ts';
import { Event, showEvent } from '../events/schemas.ts';
import { listEvents, walkEvents } from '../events/spine.ts';
import { publicHold } from '../holds/gate.ts';
import { alsoAs, answer, page, paged, pickType, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireOwner } from '../sessions/guards.ts';
import { listActivity, MOST_IN_FILE, openAccountActivity, walkActivity } from './activity.ts';
import { entryHeader, entryLine, showEntry } from './entries.ts';
import { denyEntry } from './not-me.ts';

const instant = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .optional();
const query = page.extend({
  cursor: z.uuid().optional(),
  type: z
    .string()
    .regex(/^[a-z][a-z.-]{0,78}$/, 'must be a type such as `sign-in.failed`, or what is before its dot')
    .optional(),
  from: instant.openapi({ format: 'date-time', description: 'Included' }),
  to: instant.openapi({ format: 'date-time', description: 'Not included' }),
});

const Entry = z
  .object({
    id: z.uuid(),
    type: z.string(),
    at: schemas.instant,
    text: z.string().openapi({ description: 'What happened, in the language of `Accept-Language`' }),
    by: z.enum(['you', 'somebody', 'support', 'app', 'system']),
    ip: z.string().nullable().openapi({ description: 'Null for what support and servers did' }),
    place: schemas.place.nullable(),
    device: schemas.device.nullable(),
    sessionId: z.uuid().nullable(),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi('ActivityEntry');

const CSV = 'text/csv';
const csvType = 'text/csv; charset=utf-8; header=present';

export function ownerActivityRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/activity',
        tags: ['Owner'],
        operationId: 'listActivity',
        security: [{ owner: [] }],
        summary:
          'What happened on one’s account, newest first, in one’s own language. As CSV the newest 50,000 entries; `to` asks for those before.',
        middleware: [requireOwner(ctx)] as const,
        request: { query },
        responses: {
          200: alsoAs(answer('Entries', z.object({ items: z.array(Entry), nextCursor: schemas.nextCursor })), CSV),
          ...refusals('unauthorized', 'too-many-requests'),
        },
      }),
      async (c) => {
        const { limit, cursor, type, from, to } = c.req.valid('query');
        const { account_id: accountId } = c.var.session;
        const { locale } = c.var.client;
        const asked = { kind: type, from, to, before: cursor };
        if (pickType(c, ['application/json', CSV]) === CSV) {
          await ctx.limits.takeForAccount('export', accountId);
          const lines = csvOf(entryHeader, walkActivity(ctx, accountId, asked), (event) =>
            entryLine(showEntry(ctx, event, locale), locale),
          );
          return download(lines, { name: 'activity.csv', type: csvType });
        }
        const rows = await listActivity(ctx, accountId, asked, limit + 1);
        return c.json(
          paged(
            rows,
            limit,
            (row) => row.id,
            (row) => showEntry(ctx, row, locale),
          ),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/activity/{id}/not-me',
        tags: ['Owner'],
        operationId: 'denyActivity',
        security: [{ owner: [] }],
        summary:
          'Says that an entry was somebody else: freezes the account, forgets its devices, and proposes since when to agents. Signed receipt (PSD2 70).',
        middleware: [requireOwner(ctx)] as const,
        request: { params: z.object({ id: z.uuid() }) },
        responses: {
          202: answer('Frozen', z.object({ caseReference: z.string(), receipt: z.string(), hold: schemas.publicHold })),
          ...refusals('unauthorized', 'not-found'),
        },
      }),
      async (c) => {
        const { account_id: accountId } = c.var.session;
        const { hold, caseReference, receipt } = await denyEntry(ctx, accountId, c.req.valid('param').id, c.var.client);
        return c.json({ caseReference, receipt, hold: publicHold(hold) }, 202);
      },
    );
}

export function agentActivityRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/accounts/{id}/activity',
      tags: ['Agent'],
      operationId: 'listAccountActivity',
      security: [{ agent: [] }],
      summary: 'Every event of an account, newest first; as CSV the newest 50,000. Reading it is an event.',
      middleware: [requireAgent(ctx, 'read')] as const,
      request: { params: z.object({ id: z.uuid() }), query },
      responses: {
        200: alsoAs(answer('Events', z.object({ items: z.array(Event), nextCursor: schemas.nextCursor })), CSV),
        ...refusals('unauthorized', 'forbidden', 'not-found'),
      },
    }),
    async (c) => {
      const { id: accountId } = c.req.valid('param');
      const { limit, cursor, type, from, to } = c.req.valid('query');
      await openAccountActivity(ctx, accountId, c.var.agent.agent_id, c.var.client);
      const filter = { accountId, kind: type, from, to, before: cursor };
      if (pickType(c, ['application/json', CSV]) === CSV) {
        return eventFile(CSV, walkEvents(ctx.db, filter, MOST_IN_FILE), `activity-${accountId}`);
      }
      const rows = await listEvents(ctx.urgentDb, filter, limit + 1);
      return c.json(
        paged(rows, limit, (row) => row.id, showEvent),
        200,
      );
    },
  );
}
