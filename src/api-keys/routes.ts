import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { listApiKeys, revokeApiKey, scopes } from './api-keys.ts';

const ApiKey = z
  .object({
    id: z.uuid(),
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
    createdAt: schemas.instant,
    revokedAt: schemas.instant.nullable(),
  })
  .openapi('ApiKey');

const security = [{ agent: [] }];

/** The host's keys as admins see them. One is made on the machine alone, so that nobody else ever sees it. */
export function apiKeyRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/api-keys',
        tags: ['Agent'],
        operationId: 'listApiKeys',
        security,
        summary: 'Every API key there is or was, the newest first, never the key itself. Admins.',
        middleware: [requireAgent(ctx, 'admin')] as const,
        responses: {
          200: answer('The keys', z.object({ items: z.array(ApiKey) })),
          ...refusals('unauthorized', 'forbidden'),
        },
      }),
      async (c) => c.json({ items: await listApiKeys(ctx) }, 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/api-keys/{id}/revoke',
        tags: ['Agent'],
        operationId: 'revokeApiKey',
        security,
        summary: 'Ends an API key at once, on every node; one that was revoked already stays so. Admins.',
        middleware: [requireAgent(ctx, 'admin'), idempotent(ctx)] as const,
        request: {
          params: z.object({ id: z.uuid() }),
          ...body(z.strictObject({ note: schemas.note })),
        },
        responses: { 200: answer('The key', ApiKey), ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const actor = { kind: 'agent', id: agent.agent_id } as const;
        const { id } = c.req.valid('param');
        return c.json(await revokeApiKey(ctx, id, c.req.valid('json').note, actor, client), 200);
      },
    );
}
