import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { proofOf } from '../second-factors/proof.ts';
import { requireOwner } from '../sessions/guards.ts';
import { holderOf } from '../sessions/holder.ts';
import { changePassword } from './change-password.ts';
import { confirmReset, requestReset } from './passwords.ts';
import { requirePasswordReset } from './require-reset.ts';

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
        request: body(z.strictObject({ token: schemas.token, newPassword: schemas.password, ...schemas.proof })),
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
        const { token, newPassword, ...proof } = c.req.valid('json');
        await confirmReset(ctx, { token, newPassword, proof: proofOf(proof) }, c.var.client);
        return c.body(null, 204);
      },
    );
}

export function ownerPasswordRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'put',
      path: '/password',
      tags: ['Owner'],
      operationId: 'changePassword',
      security: [{ owner: [] }],
      summary:
        'Changes the password against the current one and, where one is enrolled, a second factor (ASVS 6.2.3). Other sessions end.',
      middleware: [requireOwner(ctx)] as const,
      request: body(
        z.strictObject({
          currentPassword: schemas.password,
          newPassword: schemas.password,
          ...schemas.proof,
        }),
      ),
      responses: {
        204: nothing,
        ...refusals(
          'unauthorized',
          'invalid-credentials',
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
      const { currentPassword, newPassword, ...proof } = c.req.valid('json');
      await changePassword(ctx, holderOf(c.var), { currentPassword, newPassword, proof: proofOf(proof) });
      return c.body(null, 204);
    },
  );
}

export function agentPasswordRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/accounts/{id}/require-password-reset',
      tags: ['Agent'],
      operationId: 'requirePasswordReset',
      security: [{ agent: [] }],
      summary:
        'Ends every session; the password opens nothing until its owner resets it by mail. Agents never set or see one (ASVS 6.4.6).',
      middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
      request: {
        params: z.object({ id: z.uuid() }),
        ...body(z.strictObject({ note: schemas.note, caseId: z.uuid().optional() })),
      },
      responses: {
        200: answer('Done', z.object({ ended: z.int() })),
        ...refusals('unauthorized', 'forbidden', 'not-found'),
      },
    }),
    async (c) => {
      const { agent, client } = c.var;
      const ended = await requirePasswordReset(
        ctx,
        c.req.valid('param').id,
        c.req.valid('json'),
        agent.agent_id,
        client,
      );
      return c.json({ ended }, 200);
    },
  );
}
