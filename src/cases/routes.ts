import { createRoute, z } from '@hono/zod-openapi';
import type { Context as HonoContext } from 'hono';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Env, page, paged, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireOwnerOrCase } from '../sessions/guards.ts';
import { showVerification } from '../verifications/show.ts';
import { findStanding } from '../verifications/standing.ts';
import { findWindow } from '../windows/windows.ts';
import * as cases from './cases.ts';

const security = [{ owner: [] }, { caseToken: [] }];
const kind = z.enum(['takeover', 'suspicious-activity', 'unauthorised-transaction', 'scam', 'locked-out', 'complaint']);
const priority = z.enum(['urgent', 'high', 'normal', 'low']);
const Message = z.object({
  id: z.uuid(),
  author: z.enum(['owner', 'agent', 'system']),
  kind: z.string(),
  body: z.string(),
  proven: z.boolean(),
  at: schemas.instant,
});
const CaseView = z
  .object({
    id: z.uuid(),
    reference: z.string(),
    kind,
    priority,
    status: z.enum(['open', 'closed']),
    openedAt: schemas.instant,
    respondBy: schemas.instant,
    messages: z.array(Message).optional(),
  })
  .openapi('Case');
const AgentCase = CaseView.extend({ accountId: z.uuid(), assignee: z.uuid().nullable() }).openapi('AgentCase');
const WholeCase = AgentCase.extend({ verification: schemas.verification, window: schemas.window.nullable() }).openapi(
  'WholeCase',
);
/** `rank.time.id` of the last case seen. */
const queueCursor = z
  .string()
  .regex(/^[1-4]\.\d{1,15}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  .transform((text) => {
    const [rank, time, id] = text.split('.') as [string, string, string];
    return { rank: Number(rank), respondBy: new Date(Number(time)), id };
  });
const one = { params: z.object({ id: z.uuid() }) };
const list = <Schema extends z.ZodType>(item: Schema) =>
  z.object({ items: z.array(item), nextCursor: schemas.nextCursor });

export function ownerCaseRoutes(ctx: Context): Router {
  const speakerOf = (c: HonoContext<Env>): cases.Speaker => ({
    accountId: c.var.speaker.accountId,
    isProven: c.var.speaker.session !== undefined,
    client: c.var.client,
  });
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/reports',
        tags: ['Owner'],
        operationId: 'report',
        security,
        summary:
          'Reports a takeover, a transaction, a scam, a lock-out or a complaint; works while frozen. Signed receipt (PSD2 70).',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: body(
          z.strictObject({
            kind: z.enum(['takeover', 'unauthorised-transaction', 'scam', 'locked-out', 'complaint']),
            message: z.string().trim().min(1).max(8000),
            transactionIds: z.array(z.string().min(1).max(200)).max(100).optional(),
            evidence: z.string().max(8000).optional(),
          }),
        ),
        responses: {
          201: answer(
            'Received',
            z.object({ caseId: z.uuid(), reference: z.string(), receipt: z.string(), respondBy: schemas.instant }),
          ),
          ...refusals('unauthorized', 'account-held', 'too-many-requests'),
        },
      }),
      async (c) => {
        await requireLeave(ctx, c);
        const { theCase, receipt } = await cases.report(ctx, speakerOf(c), c.req.valid('json'));
        return c.json(
          { caseId: theCase.id, reference: theCase.reference, receipt, respondBy: theCase.respond_by.toISOString() },
          201,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/cases',
        tags: ['Owner'],
        operationId: 'listOwnCases',
        security,
        summary: 'One’s own cases, newest first.',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: { query: page.extend({ cursor: z.uuid().optional() }) },
        responses: { 200: answer('Cases', list(CaseView)), ...refusals('unauthorized') },
      }),
      async (c) => {
        const { limit, cursor } = c.req.valid('query');
        const rows = await cases.listOwnCases(ctx, c.var.speaker.accountId, limit + 1, cursor);
        return c.json(
          paged(rows, limit, (row) => row.id, showCase),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/cases/{id}',
        tags: ['Owner'],
        operationId: 'getOwnCase',
        security,
        summary: 'One’s own case with what was said in it, and who answers by when.',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: one,
        responses: { 200: answer('The case', CaseView), ...refusals('unauthorized', 'not-found') },
      }),
      async (c) => {
        const { theCase, messages } = await cases.readOwnCase(ctx, c.var.speaker.accountId, c.req.valid('param').id);
        return c.json({ ...showCase(theCase), messages: messages.map(showMessage) }, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/cases/{id}/messages',
        tags: ['Owner'],
        operationId: 'addCaseMessage',
        security,
        summary: 'Says or asks something in one’s own case. With a case token it counts as unproven.',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: { ...one, ...body(z.strictObject({ message: z.string().trim().min(1).max(8000) })) },
        responses: { 201: answer('Added', Message), ...refusals('unauthorized', 'not-found', 'too-many-requests') },
      }),
      async (c) => {
        await requireLeave(ctx, c);
        const { id } = c.req.valid('param');
        return c.json(showMessage(await cases.addMessage(ctx, speakerOf(c), id, c.req.valid('json').message)), 201);
      },
    );
}

/** Counts what is said by address and by account. What is reported is heard also where nothing can count it. */
async function requireLeave(ctx: Context, c: HonoContext<Env>): Promise<void> {
  await ctx.limits.takeOpenly('report', c.var.client.ip);
  await ctx.limits.takeOpenlyFor('speech', c.var.speaker.accountId);
}

export function agentCaseRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/cases',
        tags: ['Agent'],
        operationId: 'listCases',
        security: [{ agent: [] }],
        summary: 'The queue of open cases, most urgent first.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: {
          query: page.extend({
            cursor: queueCursor.optional(),
            kind: kind.optional(),
            priority: priority.optional(),
            assignee: z.uuid().optional(),
          }),
        },
        responses: { 200: answer('The queue', list(AgentCase)), ...refusals('unauthorized', 'forbidden') },
      }),
      async (c) => {
        const { limit, cursor, kind, priority, assignee } = c.req.valid('query');
        const rows = await cases.listQueue(ctx, { kind, priority, assigneeId: assignee, after: cursor }, limit + 1);
        return c.json(
          paged(rows, limit, (row) => `${row.rank}.${row.respond_by.getTime()}.${row.id}`, showAgentCase),
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
        security: [{ agent: [] }],
        summary: 'A case with everything said in it, and how far its owner’s identity is verified.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: one,
        responses: { 200: answer('The case', WholeCase), ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => {
        const { theCase, messages } = await cases.readCase(ctx, c.req.valid('param').id);
        const verification = showVerification(await findStanding(ctx.urgentDb, theCase.id));
        const set = await findWindow(ctx.urgentDb, theCase.id);
        const window = set ? schemas.showWindow(set) : null;
        return c.json({ ...showAgentCase(theCase), messages: messages.map(showMessage), verification, window }, 200);
      },
    );
}

function showCase(row: cases.CaseRow) {
  return {
    id: row.id,
    reference: row.reference,
    kind: row.kind,
    priority: row.priority,
    status: row.closed_at ? ('closed' as const) : ('open' as const),
    openedAt: row.opened_at.toISOString(),
    respondBy: row.respond_by.toISOString(),
  };
}

function showAgentCase(row: cases.CaseRow) {
  return { ...showCase(row), accountId: row.account_id, assignee: row.assignee_id };
}

function showMessage(row: cases.MessageRow) {
  return {
    id: row.id,
    author: row.author_kind,
    kind: row.kind,
    body: row.body,
    proven: row.is_proven,
    at: row.created_at.toISOString(),
  };
}
