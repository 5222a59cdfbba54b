import { createRoute, z } from '@hono/zod-openapi';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import type { Reason } from './reasons.ts';
import { decideTransaction, findTransaction, type TransactionRow } from './transactions.ts';

const security = [{ apiKey: [] }];
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

const Decision = z
  .object({
    decision: z.enum(['allow', 'challenge', 'review', 'deny']),
    status: z.enum(['decided', 'pending-review', 'resolved']),
    score: z.int(),
    reasons: schemas.reasons,
    assessmentId: z.uuid(),
  })
  .openapi('Decision');

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
    );
}

function show(row: TransactionRow) {
  return {
    decision: row.decision,
    status: row.status,
    score: row.score,
    reasons: row.reasons as Reason[],
    assessmentId: row.id,
  };
}
