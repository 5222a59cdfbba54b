import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { timeOf } from '../crypto/ids.ts';
import { answer, body, nothing, page, paged, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { requireOwnerOrCase } from '../sessions/guards.ts';
import { listLiability } from './liability.ts';
import { listTransactions, markTransaction } from './mark.ts';
import { Decision, LiabilityView, OwnTransaction, outcome, show, showLiability, showOwn } from './schemas.ts';
import { decideReviewed, endTransaction } from './settle.ts';
import { decideTransaction, findTransaction } from './transactions.ts';

const security = [{ apiKey: [] }];
const speaking = [{ owner: [] }, { caseToken: [] }];
const transactionId = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters');

const TransactionBody = z.strictObject({
  transactionId,
  accountId: z.uuid(),
  kind: z.enum(['payment', 'withdrawal', 'deposit', 'refund']),
  amount: schemas.amount,
  currency: schemas.currency,
  payee: schemas.payee.optional(),
  occurredAt: z.iso.datetime({ offset: true }).optional(),
  ip: z.union([z.ipv4(), z.ipv6()]).optional(),
  sessionId: z.uuid().optional(),
  deviceId: z.uuid().optional(),
  grant: schemas.token.optional().openapi({ description: 'What confirming a grant gave: permits exactly this, once' }),
});

export function transactionRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/transactions',
        tags: ['Host'],
        operationId: 'decideTransaction',
        security,
        summary:
          'Asks before money moves. The same id with the same fields has the same answer; a `challenge` is sent again with its `grant`. Scope `transactions:write`.',
        middleware: [requireApiKey(ctx, 'transactions:write'), idempotent(ctx)] as const,
        request: body(TransactionBody),
        responses: {
          200: answer('The decision', Decision),
          ...refusals('unauthorized', 'forbidden', 'transaction-conflict'),
        },
      }),
      async (c) => c.json(show(await decideTransaction(ctx, c.req.valid('json'), c.var.apiKey.id, c.var.client)), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/transactions/{transactionId}',
        tags: ['Host'],
        operationId: 'getTransaction',
        security,
        summary: 'The decision as it stands now. Scope `transactions:write`.',
        middleware: [requireApiKey(ctx, 'transactions:write')] as const,
        request: { params: z.object({ transactionId }) },
        responses: { 200: answer('The decision', Decision), ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => c.json(show(await findTransaction(ctx, c.req.valid('param').transactionId)), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/transactions/{transactionId}/outcome',
        tags: ['Host'],
        operationId: 'endTransaction',
        security,
        summary:
          'Tells what became of a transaction, once, and later that what was completed was reversed. Scope `transactions:write`.',
        middleware: [requireApiKey(ctx, 'transactions:write'), idempotent(ctx)] as const,
        request: { params: z.object({ transactionId }), ...body(z.strictObject({ outcome })) },
        responses: {
          204: nothing,
          ...refusals('unauthorized', 'forbidden', 'not-found', 'transaction-settled'),
        },
      }),
      async (c) => {
        const { transactionId } = c.req.valid('param');
        await endTransaction(ctx, transactionId, c.req.valid('json').outcome, c.var.apiKey.id, c.var.client);
        return c.body(null, 204);
      },
    );
}

/** An owner's own, by session or case token. */
export function ownerTransactionRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/transactions',
        tags: ['Owner'],
        operationId: 'listOwnTransactions',
        security: speaking,
        summary: 'One’s own transactions, newest first, with what was said of each.',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: { query: page.extend({ cursor: z.uuid().optional() }) },
        responses: {
          200: answer('Transactions', z.object({ items: z.array(OwnTransaction), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized'),
        },
      }),
      async (c) => {
        const { limit, cursor } = c.req.valid('query');
        const rows = await listTransactions(ctx, c.var.speaker.accountId, limit + 1, cursor);
        return c.json(
          paged(rows, limit, (row) => row.id, showOwn),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/transactions/{id}/mark',
        tags: ['Owner'],
        operationId: 'markTransaction',
        security: speaking,
        summary:
          'Says whether a transaction is one’s own. One that is not opens or joins a case with a signed receipt, and is stopped where it can be (PSD2 71: within 13 months). Nothing is approved by this.',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: {
          params: z.object({ id: z.uuid() }),
          ...body(z.strictObject({ mine: z.boolean(), note: schemas.note.optional() })),
        },
        responses: {
          200: answer(
            'As it is now',
            z.object({
              transaction: OwnTransaction,
              caseId: z.uuid().optional(),
              reference: z.string().optional(),
              receipt: z.string().optional(),
              respondBy: schemas.instant.optional(),
            }),
          ),
          ...refusals('unauthorized', 'not-found', 'transaction-too-old', 'mark-stands', 'too-many-requests'),
        },
      }),
      async (c) => {
        const { accountId, session } = c.var.speaker;
        await ctx.limits.takeOpenlyFor('mark', accountId);
        const signedInAt = session && timeOf(session.id);
        const marker = { accountId, signedInAt, client: c.var.client };
        const { row, reported } = await markTransaction(ctx, marker, c.req.valid('param').id, c.req.valid('json'));
        if (!reported) return c.json({ transaction: showOwn(row) }, 200);
        const { id: caseId, reference, respond_by } = reported.theCase;
        const given = { caseId, reference, receipt: reported.receipt, respondBy: respond_by.toISOString() };
        return c.json({ transaction: showOwn(row), ...given }, 200);
      },
    );
}

export function agentTransactionRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/transactions/{id}/decide',
        tags: ['Agent'],
        operationId: 'decideReviewed',
        security: [{ agent: [] }],
        summary: 'Decides a transaction that was parked for review, once. What the owner disowned is not allowed.',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: {
          params: z.object({ id: z.uuid() }),
          ...body(z.strictObject({ decision: z.enum(['allow', 'deny']), note: schemas.note })),
        },
        responses: {
          200: answer('The decision', Decision),
          ...refusals(
            'unauthorized',
            'forbidden',
            'account-held',
            'not-found',
            'transaction-settled',
            'transaction-doubted',
          ),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { agent_id } = c.var.agent;
        return c.json(show(await decideReviewed(ctx, id, c.req.valid('json'), agent_id, c.var.client)), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/cases/{id}/liability',
        tags: ['Agent'],
        operationId: 'listLiability',
        security: [{ agent: [] }],
        summary:
          'What decides who bears the loss of each transaction that was disowned (PSD2 72, 74): how the payer was authenticated, on which device, and when it was reported.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: { params: z.object({ id: z.uuid() }) },
        responses: {
          200: answer('Per transaction', z.object({ items: z.array(LiabilityView) })),
          ...refusals('unauthorized', 'forbidden', 'not-found'),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const items = await listLiability(ctx, id, c.var.agent.agent_id, c.var.client);
        return c.json({ items: items.map(showLiability) }, 200);
      },
    );
}
