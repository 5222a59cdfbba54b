import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, page, paged, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { approve, reject } from './decide.ts';
import { listApprovals } from './list.ts';
import { statuses } from './rules.ts';
import { ApprovalView, showApproval } from './schemas.ts';

const security = [{ agent: [] }];
const noted = { params: z.object({ id: z.uuid() }), ...body(z.strictObject({ note: schemas.note })) };

export function approvalRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/approvals',
        tags: ['Agent'],
        operationId: 'listApprovals',
        security,
        summary: 'What agents asked for and a second one must agree to, newest first.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: { query: page.extend({ cursor: z.uuid().optional(), status: z.enum(statuses).optional() }) },
        responses: {
          200: answer('Approvals', z.object({ items: z.array(ApprovalView), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized', 'forbidden'),
        },
      }),
      async (c) => {
        const { limit, cursor, status } = c.req.valid('query');
        const rows = await listApprovals(ctx, { status, before: cursor }, limit + 1);
        return c.json(
          paged(rows, limit, (row) => row.id, showApproval),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/approvals/{id}/approve',
        tags: ['Agent'],
        operationId: 'approve',
        security,
        summary:
          'The yes of a second person, a lead or admin; what has no delay is done with it, else the owner is told and can veto it (ASVS 2.3.5).',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: noted,
        responses: {
          200: answer('Agreed', ApprovalView),
          ...refusals(
            'unauthorized',
            'forbidden',
            'self-approval',
            'second-person-required',
            'not-found',
            'approval-closed',
            'already-released',
            'hold-not-releasable',
            'hold-contested',
            'step-not-ready',
          ),
        },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const decision = { id: c.req.valid('param').id, note: c.req.valid('json').note, agent, client };
        return c.json(showApproval(await approve(ctx, decision)), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/approvals/{id}/reject',
        tags: ['Agent'],
        operationId: 'reject',
        security,
        summary: 'One person’s no, also after the yes and until it is done: a lead’s, or the requester’s own.',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: noted,
        responses: {
          200: answer('Rejected', ApprovalView),
          ...refusals('unauthorized', 'forbidden', 'not-found', 'approval-closed'),
        },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const decision = { id: c.req.valid('param').id, note: c.req.valid('json').note, agent, client };
        return c.json(showApproval(await reject(ctx, decision)), 200);
      },
    );
}
