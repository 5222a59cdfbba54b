import { createRoute, z } from '@hono/zod-openapi';
import type { Context as HonoContext } from 'hono';
import type { Context } from '../context.ts';
import { answer, body, type Env, page, paged, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireOwnerOrCase } from '../sessions/guards.ts';
import * as cases from './cases.ts';
import { readOwnPlaybook } from './own-playbook.ts';
import type { Speaker } from './report.ts';
import { CaseView, Message, showCase, showMessage, showProgress } from './schemas.ts';

const security = [{ owner: [] }, { caseToken: [] }];
const one = { params: z.object({ id: z.uuid() }) };
const list = <Schema extends z.ZodType>(item: Schema) =>
  z.object({ items: z.array(item), nextCursor: schemas.nextCursor });

export function ownerCaseRoutes(ctx: Context): Router {
  const speakerOf = (c: HonoContext<Env>): Speaker => ({
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
        const now = ctx.clock.now();
        const rows = await cases.listOwnCases(ctx, c.var.speaker.accountId, limit + 1, cursor);
        return c.json(
          paged(
            rows,
            limit,
            (row) => row.id,
            (row) => showCase(row, now),
          ),
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
        summary: 'One’s own case: what was said, how far it is, what is next, and who answers by when.',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: one,
        responses: { 200: answer('The case', CaseView), ...refusals('unauthorized', 'not-found') },
      }),
      async (c) => {
        const { theCase, messages } = await cases.readOwnCase(ctx, c.var.speaker.accountId, c.req.valid('param').id);
        const progress = showProgress(theCase, await readOwnPlaybook(ctx, theCase));
        const shown = showCase(theCase, ctx.clock.now());
        return c.json({ ...shown, ...progress, messages: messages.map(showMessage) }, 200);
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
