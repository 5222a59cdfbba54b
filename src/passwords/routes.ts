import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { confirmReset, requestReset } from './passwords.ts';

export function passwordRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/password-reset',
        tags: ['Anyone'],
        operationId: 'requestPasswordReset',
        summary:
          'Mails a reset link if there is such an account; the answer never tells (ASVS 6.3.8). Works while locked.',
        request: body(z.strictObject({ identifier: z.string().min(1).max(254) })),
        responses: { 202: answer('Accepted', z.object({})), ...refusals('too-many-requests') },
      }),
      async (c) => {
        await requestReset(ctx, c.req.valid('json').identifier, c.var.client);
        return c.json({}, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/password-reset/confirm',
        tags: ['Anyone'],
        operationId: 'confirmPasswordReset',
        summary:
          'Sets a new password, once per token, never past an enrolled second factor (ASVS 6.4.3). Signs nobody in.',
        request: body(
          z.strictObject({ token: schemas.token, newPassword: schemas.password, code: schemas.code.optional() }),
        ),
        responses: {
          204: nothing,
          ...refusals(
            'invalid-token',
            'second-factor-required',
            'invalid-code',
            'weak-password',
            'account-held',
            'too-many-attempts',
            'too-many-requests',
            'busy',
          ),
        },
      }),
      async (c) => {
        await confirmReset(ctx, c.req.valid('json'), c.var.client);
        return c.body(null, 204);
      },
    );
}
