import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { signOut } from '../sessions/end.ts';
import { requireAgent } from './guard.ts';
import { refreshAgent, signInAgent } from './sign-in.ts';

const SignedIn = z
  .object({
    status: z.literal('signed-in'),
    accessToken: z.string(),
    expiresIn: z.int(),
    refreshToken: z.string(),
    sessionId: z.uuid(),
    agentId: z.uuid(),
  })
  .openapi('AgentSignedIn');

export function agentAuthRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/sign-in',
        tags: ['Agent'],
        operationId: 'signInAgent',
        summary: 'Signs an agent in with password and code together; one answer for all that is wrong.',
        request: body(
          z.strictObject({
            email: z.string().min(1).max(254),
            password: schemas.password,
            code: z.string().min(1).max(64),
          }),
        ),
        responses: {
          200: answer('Signed in', SignedIn),
          ...refusals('invalid-credentials', 'too-many-attempts', 'busy'),
        },
      }),
      async (c) =>
        c.json({ status: 'signed-in' as const, ...(await signInAgent(ctx, c.req.valid('json'), c.var.client)) }, 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/refresh',
        tags: ['Agent'],
        operationId: 'refreshAgent',
        summary: 'Trades an agent’s refresh token for its successor; a token used twice ends the session.',
        request: body(z.strictObject({ refreshToken: schemas.token })),
        responses: {
          200: answer(
            'New tokens',
            z.object({ accessToken: z.string(), expiresIn: z.int(), refreshToken: z.string() }),
          ),
          ...refusals('invalid-refresh-token', 'too-many-requests'),
        },
      }),
      async (c) => {
        await ctx.limits.takeForAddress('other', c.var.client.ip);
        return c.json(await refreshAgent(ctx, c.req.valid('json').refreshToken, c.var.client), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/sign-out',
        tags: ['Agent'],
        operationId: 'signOutAgent',
        security: [{ agent: [] }],
        summary: 'Ends the agent’s session at once.',
        middleware: [requireAgent(ctx, 'read')] as const,
        responses: { 204: nothing, ...refusals('unauthorized') },
      }),
      async (c) => {
        const { id, agent_id } = c.var.agent;
        await signOut(ctx, { sessionId: id, actor: { kind: 'agent', id: agent_id } }, c.var.client);
        return c.body(null, 204);
      },
    );
}
