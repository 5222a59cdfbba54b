import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { confirmAgentEnrolment, startAgentEnrolment } from './enrolment.ts';

export function agentEnrolmentRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/enrolment',
        tags: ['Agent'],
        operationId: 'startAgentEnrolment',
        summary:
          'A new or reset agent’s own password, by a mailed token; answers the secret of their authenticator, this once.',
        request: body(z.strictObject({ token: schemas.token, password: schemas.password })),
        responses: {
          200: answer(
            'The secret, which opens nothing before a code confirms it',
            z.object({ secret: z.string(), otpauthUri: z.string() }),
          ),
          ...refusals('invalid-token', 'weak-password', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => c.json(await startAgentEnrolment(ctx, c.req.valid('json'), c.var.client), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/enrolment/confirm',
        tags: ['Agent'],
        operationId: 'confirmAgentEnrolment',
        summary: 'Binds the authenticator by its first code and spends the token; from then on the agent can sign in.',
        request: body(z.strictObject({ token: schemas.token, code: z.string().min(1).max(64) })),
        responses: {
          200: answer('Enrolled', z.object({ agentId: z.uuid() })),
          ...refusals('invalid-token', 'invalid-code', 'too-many-requests'),
        },
      }),
      async (c) => c.json({ agentId: await confirmAgentEnrolment(ctx, c.req.valid('json'), c.var.client) }, 200),
    );
}
