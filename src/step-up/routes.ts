import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { proofOf } from '../second-factors/proof.ts';
import { requireOwner } from '../sessions/guards.ts';
import { holderOf } from '../sessions/holder.ts';
import { stepUp } from './step-up.ts';

const SteppedUp = z
  .object({
    accessToken: z.string(),
    expiresIn: z.int().openapi({ description: 'Seconds' }),
    acr: z.enum(['aal1', 'aal2']),
    amr: z.array(z.string()).openapi({ description: 'RFC 8176' }),
  })
  .openapi('SteppedUp');

export function stepUpRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/step-up',
      tags: ['Owner'],
      operationId: 'stepUp',
      security: [{ owner: [] }],
      summary:
        'Authenticates anew within the session, under the limits of a sign-in (RFC 9470): the password, with a code where a factor is bound, or a passkey alone. The refresh token stays.',
      middleware: [requireOwner(ctx)] as const,
      request: body(z.strictObject({ password: schemas.password.optional(), ...schemas.proof })),
      responses: {
        200: answer('A new access token', SteppedUp),
        ...refusals(
          'unauthorized',
          'invalid-credentials',
          'second-factor-required',
          'account-held',
          'password-change-required',
          'too-many-attempts',
          'busy',
        ),
      },
    }),
    async (c) => {
      const { password, ...proof } = c.req.valid('json');
      return c.json(await stepUp(ctx, holderOf(c.var), { password, proof: proofOf(proof) }), 200);
    },
  );
}
