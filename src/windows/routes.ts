import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { type Born, readContents } from './contents.ts';
import { undoBorn } from './undo.ts';
import { setWindow } from './windows.ts';

const instant = z.iso.datetime({ offset: true });

const one = { params: z.object({ id: z.uuid() }) };
const undoable = [
  'session',
  'device',
  'totp',
  'passkey',
  'sms',
  'recovery-codes',
  'contact-change',
  'notice-address',
  'payee',
  'transaction',
] as const;
const BornView = z
  .object({
    kind: z.enum(undoable),
    id: z.uuid().openapi({ description: 'Of a payee the one that stands for the host’s own' }),
    bornAt: schemas.instant,
    state: z.enum(['active', 'undone', 'done']),
    label: z.string(),
    of: z.string().nullable().openapi({ description: 'Which contact was changed, or how a transaction was decided' }),
  })
  .openapi('BornInside', { description: 'Something that came to be while somebody else may have been in the account' });

export function windowRoutes(ctx: Context): Router {
  const routes = router();
  routes.openapi(
    createRoute({
      method: 'post',
      path: '/cases/{id}/window',
      tags: ['Agent'],
      operationId: 'setWindow',
      security: [{ agent: [] }],
      summary:
        'Sets from when until when somebody else may have been in the account: what is born inside proves and approves nothing. One person may widen it.',
      middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
      request: {
        params: z.object({ id: z.uuid() }),
        ...body(z.strictObject({ from: instant, until: instant.optional(), note: schemas.note })),
      },
      responses: {
        200: answer('The window', schemas.window),
        ...refusals('unauthorized', 'forbidden', 'not-found', 'case-closed', 'second-person-required'),
      },
    }),
    async (c) => {
      const { from, until, note } = c.req.valid('json');
      const wanted = { from: new Date(from), until: until === undefined ? undefined : new Date(until), note };
      const window = await setWindow(ctx, c.req.valid('param').id, wanted, c.var.agent.agent_id, c.var.client);
      return c.json(schemas.showWindow(window), 200);
    },
  );
  routes.openapi(
    createRoute({
      method: 'get',
      path: '/cases/{id}/window',
      tags: ['Agent'],
      operationId: 'getWindow',
      security: [{ agent: [] }],
      summary: 'Everything that came to be in the account inside the window, and what has become of it.',
      middleware: [requireAgent(ctx, 'read')] as const,
      request: one,
      responses: {
        200: answer('Window and contents', z.object({ window: schemas.window, items: z.array(BornView) })),
        ...refusals('unauthorized', 'forbidden', 'not-found', 'step-not-ready'),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const { window, items } = await readContents(ctx, id, c.var.agent.agent_id, c.var.client);
      return c.json({ window: schemas.showWindow(window), items: items.map(showBorn) }, 200);
    },
  );
  routes.openapi(
    createRoute({
      method: 'post',
      path: '/cases/{caseId}/window/undo',
      tags: ['Agent'],
      operationId: 'undoBorn',
      security: [{ agent: [] }],
      summary:
        'Takes back one thing that was born inside the window: ends, forgets, unbinds, undoes, stops or quarantines it. The owner is told.',
      middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
      request: {
        params: z.object({ caseId: z.uuid() }),
        ...body(z.strictObject({ kind: z.enum(undoable), id: z.uuid(), note: schemas.note })),
      },
      responses: {
        200: answer('As it is now', BornView),
        ...refusals(
          'unauthorized',
          'forbidden',
          'not-found',
          'case-closed',
          'step-not-ready',
          'last-way-in',
          'past-undoing',
        ),
      },
    }),
    async (c) => {
      const { caseId } = c.req.valid('param');
      return c.json(
        showBorn(await undoBorn(ctx, caseId, c.req.valid('json'), c.var.agent.agent_id, c.var.client)),
        200,
      );
    },
  );
  return routes;
}

function showBorn({ kind, id, born_at, state, label, of }: Born) {
  return { kind, id, bornAt: born_at.toISOString(), state, label, of };
}
