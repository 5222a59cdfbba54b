import { createRoute, z } from '@hono/zod-openapi';
import { findAccount } from '../accounts/accounts.ts';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { answer, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { eraseAccount } from './erase.ts';

const Erasure = z
  .object({
    accountId: z.uuid(),
    erasedAt: schemas.instant,
    kept: z.array(z.object({ what: z.enum(['receipts', 'transactions']), count: z.int(), until: schemas.instant })),
  })
  .openapi('Erasure', { description: 'What the law keeps, without a name on it, and until when' });

export function hostErasureRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/accounts/{id}/erase',
      tags: ['Host'],
      operationId: 'eraseAccount',
      security: [{ apiKey: [] }],
      summary:
        'Closes an account for good and forgets the person (GDPR 17). Refused while a legal hold or an open case needs it. Scope `accounts:erase`.',
      middleware: [requireApiKey(ctx, 'accounts:erase'), idempotent(ctx)] as const,
      request: { params: z.object({ id: z.string().min(1).max(220) }) },
      responses: {
        200: answer('Erased, now or before', Erasure),
        ...refusals('unauthorized', 'forbidden', 'not-found', 'erasure-blocked'),
      },
    }),
    async (c) => {
      const { id } = await findAccount(ctx, c.req.valid('param').id);
      return c.json(await eraseAccount(ctx, id, { kind: 'host', id: c.var.apiKey.id }, c.var.client), 200);
    },
  );
}
