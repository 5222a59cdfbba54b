import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, type Router, refusals, router } from '../http.ts';
import { listLinkedAccounts } from './linked-accounts.ts';

const LinkedAccount = z
  .object({
    accountId: z.uuid(),
    frozen: z.boolean(),
    reasons: z.array(
      z.object({
        what: z.enum(['address', 'payee', 'device']),
        value: z.string(),
        sharers: z.int().openapi({ description: 'How many other accounts share it' }),
        common: z.boolean().openapi({ description: 'Shared by so many that it says little' }),
      }),
    ),
  })
  .openapi('LinkedAccount');

export function linkedAccountRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/accounts/{id}/links',
      tags: ['Agent'],
      operationId: 'listLinkedAccounts',
      security: [{ agent: [] }],
      summary:
        'Accounts that shared an address, a payee or a device with this one in 90 days, and why. Reading it is an event.',
      middleware: [requireAgent(ctx, 'read')] as const,
      request: { params: z.object({ id: z.uuid() }) },
      responses: {
        200: answer('The closest first', z.object({ items: z.array(LinkedAccount) })),
        ...refusals('unauthorized', 'forbidden', 'not-found'),
      },
    }),
    async (c) => {
      const { agent, client } = c.var;
      const items = await listLinkedAccounts(ctx, c.req.valid('param').id, agent.agent_id, client);
      return c.json({ items }, 200);
    },
  );
}
