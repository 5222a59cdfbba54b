import { createRoute, z } from '@hono/zod-openapi';
import { findAccount } from '../accounts/accounts.ts';
import { requireAgent } from '../agents/guard.ts';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';
import { requireOwner } from '../sessions/guards.ts';
import { type Frozen, freeze, placeHold } from './freeze.ts';
import { findHolds, fullHold, publicHold } from './gate.ts';
import { stopping } from './rules.ts';

const agentSecurity = [{ agent: [] }];
const hostSecurity = [{ apiKey: [] }];
const account = { params: z.object({ id: z.uuid() }) };
const FreezeBody = z.strictObject({ reasonCode: schemas.reasonCode, note: schemas.note, caseId: z.uuid().optional() });
const FrozenAnswer = z.object({ hold: schemas.fullHold, caseId: z.uuid(), reference: z.string() }).openapi('Frozen');

const showFrozen = ({ hold, theCase }: Frozen) => ({
  hold: fullHold(hold),
  caseId: theCase.id,
  reference: theCase.reference,
});

export function ownerHoldRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/freeze',
      tags: ['Owner'],
      operationId: 'freezeOwnAccount',
      security: [{ owner: [] }],
      summary:
        'Freezes one’s own account, or its payments, at once. The receipt is signed proof with the time (PSD2 70).',
      middleware: [requireOwner(ctx)] as const,
      request: body(
        z.strictObject({ scope: z.enum(['all', 'payments']).default('all'), message: schemas.note.optional() }),
      ),
      responses: {
        201: answer('Frozen', z.object({ hold: schemas.publicHold, receipt: z.string(), caseReference: z.string() })),
        ...refusals('unauthorized'),
      },
    }),
    async (c) => {
      const { scope, message } = c.req.valid('json');
      const { account_id: accountId } = c.var.session;
      const actor = { kind: 'owner', id: accountId } as const;
      const request = {
        accountId,
        scope,
        reasonCode: 'owner-request',
        source: 'owner',
        actor,
        note: message,
        client: c.var.client,
      } as const;
      const { hold, receipt, theCase } = await freeze(ctx, request);
      return c.json({ hold: publicHold(hold), receipt, caseReference: theCase.reference }, 201);
    },
  );
}

export function hostHoldRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/accounts/{id}/gate',
        tags: ['Host'],
        operationId: 'askGate',
        security: hostSecurity,
        summary: 'Whether the account may do this now, and what stops it. Scope `accounts:read`.',
        middleware: [requireApiKey(ctx, 'accounts:read')] as const,
        request: {
          params: z.object({ id: z.string().min(1).max(220) }),
          query: z.strictObject({ action: z.enum(['sign-in', 'payment', 'withdrawal', 'security-change']) }),
        },
        responses: {
          200: answer('The answer', z.object({ allowed: z.boolean(), holds: z.array(schemas.publicHold) })),
          ...refusals('unauthorized', 'forbidden', 'not-found'),
        },
      }),
      async (c) => {
        const { id, closed_at } = await findAccount(ctx, c.req.valid('param').id);
        const stoppedBy = stopping(await findHolds(ctx.reader, id, ctx.clock.now()), c.req.valid('query').action);
        return c.json({ allowed: stoppedBy.length === 0 && closed_at === null, holds: stoppedBy.map(publicHold) }, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/accounts/{id}/freeze',
        tags: ['Host'],
        operationId: 'freezeAccountAsHost',
        security: hostSecurity,
        summary: 'Contains the account at once, as an agent’s freeze does. Scope `accounts:freeze`.',
        middleware: [requireApiKey(ctx, 'accounts:freeze'), idempotent(ctx)] as const,
        request: { params: z.object({ id: z.string().min(1).max(220) }), ...body(FreezeBody.omit({ caseId: true })) },
        responses: { 201: answer('Frozen', FrozenAnswer), ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => {
        const { id: accountId } = await findAccount(ctx, c.req.valid('param').id);
        const actor = { kind: 'host', id: c.var.apiKey.id } as const;
        const request = {
          accountId,
          scope: 'all',
          source: 'agent',
          actor,
          client: c.var.client,
          ...c.req.valid('json'),
        } as const;
        return c.json(showFrozen(await freeze(ctx, request)), 201);
      },
    );
}

export function agentHoldRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/accounts/{id}/freeze',
        tags: ['Agent'],
        operationId: 'freezeAccount',
        security: agentSecurity,
        summary:
          'One press contains the account: nobody signs in, refreshes, resets or moves money; every session is gone.',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: { ...account, ...body(FreezeBody) },
        responses: { 201: answer('Frozen', FrozenAnswer), ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => {
        const actor = { kind: 'agent', id: c.var.agent.agent_id } as const;
        const wanted = c.req.valid('json');
        const request = {
          accountId: c.req.valid('param').id,
          scope: 'all',
          source: sourceOf(wanted.reasonCode),
          actor,
          client: c.var.client,
          ...wanted,
        } as const;
        return c.json(showFrozen(await freeze(ctx, request)), 201);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/accounts/{id}/holds',
        tags: ['Agent'],
        operationId: 'placeHold',
        security: agentSecurity,
        summary: 'Places a hold of any scope; holds stack.',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: {
          ...account,
          ...body(FreezeBody.extend({ scope: schemas.scope, expiresAt: z.iso.datetime({ offset: true }).optional() })),
        },
        responses: {
          201: answer('Placed', z.object({ hold: schemas.fullHold })),
          ...refusals('unauthorized', 'forbidden', 'not-found'),
        },
      }),
      async (c) => {
        const { scope, reasonCode, note, caseId, expiresAt } = c.req.valid('json');
        const until = expiresAt === undefined ? undefined : new Date(expiresAt);
        if (until && until <= ctx.clock.now())
          throw new Problem('invalid-request', {
            errors: [{ pointer: '/expiresAt', detail: 'must be in the future' }],
          });
        const actor = { kind: 'agent', id: c.var.agent.agent_id } as const;
        const source = sourceOf(reasonCode);
        const request = {
          accountId: c.req.valid('param').id,
          scope,
          reasonCode,
          note,
          caseId,
          until,
          source,
          actor,
          client: c.var.client,
        } as const;
        return c.json({ hold: fullHold(await placeHold(ctx, request)) }, 201);
      },
    );
}

/** A court's order is nobody's own to lift: it needs two admins. */
function sourceOf(reasonCode: string): 'legal' | 'agent' {
  return reasonCode === 'legal-order' ? 'legal' : 'agent';
}
