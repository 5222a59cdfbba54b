import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireOwner } from '../sessions/guards.ts';
import { freshHolder } from '../sessions/holder.ts';
import { confirmTotp, reissueRecoveryCodes, removeTotp, startTotp } from './totp.ts';

const security = [{ owner: [] }];
const Codes = z
  .object({ recoveryCodes: z.array(z.string()).length(10) })
  .openapi('RecoveryCodes', { description: 'Shown this once' });
const totpCode = z.strictObject({ code: z.string().regex(/^\d{6}$/, 'must be six digits') });

export function secondFactorRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/totp',
        tags: ['Owner'],
        operationId: 'startTotp',
        security,
        summary:
          'Shows a new authenticator secret; it opens nothing before it is confirmed. Needs a fresh sign-in (RFC 9470).',
        middleware: [requireOwner(ctx)] as const,
        responses: {
          201: answer(
            'The secret',
            z.object({ factorId: z.uuid(), secret: z.string(), otpauthUri: z.string(), qrSvg: z.string() }),
          ),
          ...refusals(
            'unauthorized',
            'insufficient-authentication',
            'account-held',
            'already-enrolled',
            'too-many-requests',
          ),
        },
      }),
      async (c) => c.json(await startTotp(ctx, freshHolder(ctx, c.var)), 201),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/totp/confirm',
        tags: ['Owner'],
        operationId: 'confirmTotp',
        security,
        summary: 'Turns the second factor on with its first code; other sessions end (ASVS 7.4.3).',
        middleware: [requireOwner(ctx)] as const,
        request: body(totpCode),
        responses: {
          200: answer('Recovery codes', Codes),
          ...refusals(
            'unauthorized',
            'insufficient-authentication',
            'invalid-code',
            'account-held',
            'too-many-requests',
            'busy',
          ),
        },
      }),
      async (c) =>
        c.json({ recoveryCodes: await confirmTotp(ctx, freshHolder(ctx, c.var), c.req.valid('json').code) }, 200),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/totp',
        tags: ['Owner'],
        operationId: 'removeTotp',
        security,
        summary: 'Removes the second factor against one of its codes, unless the password is too short without it.',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ code: schemas.code })),
        responses: {
          204: nothing,
          ...refusals(
            'weak-password',
            'unauthorized',
            'insufficient-authentication',
            'invalid-code',
            'account-held',
            'too-many-attempts',
            'too-many-requests',
            'busy',
          ),
        },
      }),
      async (c) => {
        await removeTotp(ctx, freshHolder(ctx, c.var), c.req.valid('json').code);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/recovery-codes',
        tags: ['Owner'],
        operationId: 'reissueRecoveryCodes',
        security,
        summary: 'Ten new recovery codes against a code; the old ones stop working.',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ code: schemas.code })),
        responses: {
          200: answer('Recovery codes', Codes),
          ...refusals(
            'unauthorized',
            'insufficient-authentication',
            'invalid-code',
            'account-held',
            'too-many-attempts',
            'too-many-requests',
            'busy',
          ),
        },
      }),
      async (c) =>
        c.json(
          { recoveryCodes: await reissueRecoveryCodes(ctx, freshHolder(ctx, c.var), c.req.valid('json').code) },
          200,
        ),
    );
}
