import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { confirmRecoveredTotp, startRecoveredTotp } from './factor.ts';
import { requireRecovery } from './guard.ts';
import { offerRecovery } from './offer.ts';
import { openRecovery } from './open.ts';
import { recoverPassword } from './password.ts';

const security = [{ recoveryToken: [] }];

export function recoveryRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/recovery',
        tags: ['Anyone'],
        operationId: 'openRecovery',
        summary:
          'Opens, once, the link that was mailed after an agent verified the owner’s identity. No sign-in: its token opens only the next calls (ASVS 6.4.4).',
        request: body(z.strictObject({ token: schemas.token })),
        responses: {
          200: answer('The token', z.object({ recoveryToken: z.string(), expiresIn: z.int() })),
          ...refusals('invalid-token', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => c.json(await openRecovery(ctx, c.req.valid('json').token, c.var.client), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/recovery/password',
        tags: ['Anyone'],
        operationId: 'recoverPassword',
        security,
        middleware: [requireRecovery(ctx)] as const,
        summary: 'Sets a new password, once, while the account stays frozen. Signs nobody in.',
        request: body(z.strictObject({ newPassword: schemas.password })),
        responses: {
          204: nothing,
          ...refusals('unauthorized', 'invalid-token', 'account-held', 'weak-password', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => {
        await recoverPassword(ctx, c.var.recovery, c.req.valid('json').newPassword, c.var.client);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/recovery/totp',
        tags: ['Anyone'],
        operationId: 'recoverTotp',
        security,
        middleware: [requireRecovery(ctx)] as const,
        summary: 'Shows a new authenticator secret. Good once a code confirms it.',
        responses: {
          201: answer(
            'The secret',
            z.object({ factorId: z.uuid(), secret: z.string(), otpauthUri: z.string(), qrSvg: z.string() }),
          ),
          ...refusals('unauthorized', 'invalid-token', 'account-held', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => c.json(await startRecoveredTotp(ctx, c.var.recovery, c.var.client), 201),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/recovery/totp/confirm',
        tags: ['Anyone'],
        operationId: 'confirmRecoveredTotp',
        security,
        middleware: [requireRecovery(ctx)] as const,
        summary:
          'Binds the authenticator, once: every other second factor and recovery code is gone. Ten new codes, shown this once.',
        request: body(z.strictObject({ code: z.string().regex(/^\d{6}$/, 'must be six digits') })),
        responses: {
          200: answer('Bound', z.object({ recoveryCodes: z.array(z.string()) })),
          ...refusals('unauthorized', 'invalid-token', 'invalid-code', 'account-held', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => {
        const recoveryCodes = await confirmRecoveredTotp(ctx, c.var.recovery, c.req.valid('json').code, c.var.client);
        return c.json({ recoveryCodes }, 200);
      },
    );
}

export function agentRecoveryRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/cases/{id}/recovery-link',
      tags: ['Agent'],
      operationId: 'offerRecovery',
      security: [{ agent: [] }],
      summary:
        'Mails the owner, once their identity is verified, the link to a new password and factor, at an address older than the window.',
      middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
      request: { params: z.object({ id: z.uuid() }) },
      responses: {
        202: nothing,
        ...refusals('unauthorized', 'forbidden', 'not-found', 'case-closed', 'account-held', 'step-not-ready'),
      },
    }),
    async (c) => {
      await offerRecovery(ctx, c.req.valid('param').id, c.var.agent.agent_id, c.var.client);
      return c.body(null, 202);
    },
  );
}
