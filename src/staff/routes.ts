import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, page, paged, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { askToChange, askToMake } from './ask.ts';
import { approveChange, rejectChange } from './decide.ts';
import { type Change, listAgents, listChanges } from './list.ts';
import { statuses } from './rules.ts';
import { AgentView, ChangeView, role, showAgent, showChange } from './schemas.ts';

const security = [{ agent: [] }];
const params = z.object({ id: z.uuid() });
const reasoned = { params, ...body(z.strictObject({ reason: schemas.note })) };
const noted = { params, ...body(z.strictObject({ note: schemas.note })) };
const asked = answer('Another admin must agree, or time must pass', ChangeView);
const done = answer('Done at once', ChangeView);
const usual = ['unauthorized', 'forbidden', 'not-found', 'agent-unchanged', 'agent-disabled', 'last-admin'] as const;

/** What is done is 200, what waits 202. */
const shown = (change: Change) => [showChange(change), change.status === 'done' ? 200 : 202] as const;

export function staffRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/agents',
        tags: ['Agent'],
        operationId: 'listAgents',
        security,
        summary: 'Everybody who works or worked here, newest first.',
        middleware: [requireAgent(ctx, 'admin')] as const,
        request: { query: page.extend({ cursor: z.uuid().optional() }) },
        responses: {
          200: answer('Agents', z.object({ items: z.array(AgentView), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized', 'forbidden'),
        },
      }),
      async (c) => {
        const { limit, cursor } = c.req.valid('query');
        const rows = await listAgents(ctx, cursor, limit + 1);
        return c.json(
          paged(rows, limit, (row) => row.id, showAgent),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/agents/changes',
        tags: ['Agent'],
        operationId: 'listStaffChanges',
        security,
        summary: 'What admins wanted changed about who works here, newest first.',
        middleware: [requireAgent(ctx, 'admin')] as const,
        request: { query: page.extend({ cursor: z.uuid().optional(), status: z.enum(statuses).optional() }) },
        responses: {
          200: answer('Changes', z.object({ items: z.array(ChangeView), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized', 'forbidden'),
        },
      }),
      async (c) => {
        const { limit, cursor, status } = c.req.valid('query');
        const rows = await listChanges(ctx, { status, before: cursor }, limit + 1);
        return c.json(
          paged(rows, limit, (row) => row.id, showChange),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        tags: ['Agent'],
        security,
        path: '/agents',
        operationId: 'makeAgent',
        summary: 'Asks another admin to let somebody in; they set their own password, by a mailed token (ASVS 2.3.5).',
        middleware: [requireAgent(ctx, 'admin'), idempotent(ctx)] as const,
        request: body(
          z.strictObject({
            email: schemas.email,
            name: z.string().trim().min(1).max(200),
            role,
            locale: schemas.locale.default('en'),
            reason: schemas.note,
          }),
        ),
        responses: { 202: asked, ...refusals('unauthorized', 'forbidden', 'agent-exists', 'approval-open') },
      }),
      async (c) => {
        const { agent, client } = c.var;
        return c.json(showChange(await askToMake(ctx, { ...c.req.valid('json'), agent, client })), 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        tags: ['Agent'],
        security,
        path: '/agents/{id}/role',
        operationId: 'changeAgentRole',
        summary: 'Asks another admin to give an agent another role.',
        middleware: [requireAgent(ctx, 'admin'), idempotent(ctx)] as const,
        request: { params, ...body(z.strictObject({ role, reason: schemas.note })) },
        responses: { 202: asked, ...refusals(...usual, 'approval-open') },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const wish = { kind: 'role', ...c.req.valid('param'), ...c.req.valid('json'), agent, client } as const;
        return c.json(showChange(await askToChange(ctx, wish)), 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        tags: ['Agent'],
        security,
        path: '/agents/{id}/reset',
        operationId: 'resetAgent',
        summary:
          'Asks another admin to reset an agent: sessions, password and authenticator end, a mailed token lets them enrol anew.',
        middleware: [requireAgent(ctx, 'admin'), idempotent(ctx)] as const,
        request: reasoned,
        responses: { 202: asked, ...refusals(...usual, 'approval-open') },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const wish = { kind: 'reset', ...c.req.valid('param'), ...c.req.valid('json'), agent, client } as const;
        return c.json(showChange(await askToChange(ctx, wish)), 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        tags: ['Agent'],
        security,
        path: '/agents/{id}/enable',
        operationId: 'enableAgent',
        summary: 'Asks another admin to let an agent in again.',
        middleware: [requireAgent(ctx, 'admin'), idempotent(ctx)] as const,
        request: reasoned,
        responses: {
          202: asked,
          ...refusals('unauthorized', 'forbidden', 'not-found', 'agent-unchanged', 'approval-open'),
        },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const wish = { kind: 'enable', ...c.req.valid('param'), ...c.req.valid('json'), agent, client } as const;
        return c.json(showChange(await askToChange(ctx, wish)), 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        tags: ['Agent'],
        security,
        path: '/agents/{id}/disable',
        operationId: 'disableAgent',
        summary: 'Shuts an agent out at once, with their sessions; of an admin, asks another admin to.',
        middleware: [requireAgent(ctx, 'admin'), idempotent(ctx)] as const,
        request: reasoned,
        responses: { 200: done, 202: asked, ...refusals(...usual, 'approval-open') },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const wish = { kind: 'disable', ...c.req.valid('param'), ...c.req.valid('json'), agent, client } as const;
        return c.json(...shown(await askToChange(ctx, wish)));
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        tags: ['Agent'],
        security,
        path: '/agents/{id}/unlock',
        operationId: 'unlockAgent',
        summary: 'Opens at once what wrong guesses locked for an agent; not for oneself.',
        middleware: [requireAgent(ctx, 'admin'), idempotent(ctx)] as const,
        request: reasoned,
        responses: {
          200: done,
          ...refusals('unauthorized', 'forbidden', 'not-found', 'agent-unchanged', 'agent-disabled'),
        },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const wish = { kind: 'unlock', ...c.req.valid('param'), ...c.req.valid('json'), agent, client } as const;
        return c.json(showChange(await askToChange(ctx, wish)), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        tags: ['Agent'],
        security,
        path: '/agents/changes/{id}/approve',
        operationId: 'approveStaffChange',
        summary: 'Another admin’s yes: the change is carried out with it (ASVS 2.3.5).',
        middleware: [requireAgent(ctx, 'admin'), idempotent(ctx)] as const,
        request: noted,
        responses: {
          200: answer('Carried out', ChangeView),
          ...refusals(...usual, 'self-approval', 'second-person-required', 'approval-closed', 'agent-exists'),
        },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const decision = { ...c.req.valid('param'), ...c.req.valid('json'), agent, client };
        return c.json(showChange(await approveChange(ctx, decision)), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        tags: ['Agent'],
        security,
        path: '/agents/changes/{id}/reject',
        operationId: 'rejectStaffChange',
        summary: 'One admin’s no, until the change is carried out.',
        middleware: [requireAgent(ctx, 'admin'), idempotent(ctx)] as const,
        request: noted,
        responses: {
          200: answer('Rejected', ChangeView),
          ...refusals('unauthorized', 'forbidden', 'not-found', 'second-person-required', 'approval-closed'),
        },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const decision = { ...c.req.valid('param'), ...c.req.valid('json'), agent, client };
        return c.json(showChange(await rejectChange(ctx, decision)), 200);
      },
    );
}
