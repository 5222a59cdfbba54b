import { createRoute, z } from '@hono/zod-openapi';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import { AssertionOptions } from '../passkeys/schemas.ts';
import * as schemas from '../schemas.ts';
import { requireProof } from '../second-factors/proof.ts';
import { requireOwner } from '../sessions/guards.ts';
import { holderOf } from '../sessions/holder.ts';
import { grantReason, holdReason } from '../transactions/reasons.ts';
import { confirmGrant } from './confirm.ts';
import { cancelGrant, type Grant, requestGrant, showGrant } from './grants.ts';
import { askPasskeyForGrant } from './passkey-options.ts';
import { redeemForChange } from './redeem.ts';

const security = [{ owner: [] }];
const tags = ['Owner'];
const action = z.enum(['payment', 'withdrawal', 'security-change']);
const params = z.object({ id: z.uuid() });

const GrantView = z
  .object({
    grantId: z.uuid(),
    status: z.enum(['requested', 'confirmed', 'used', 'expired', 'void']),
    display: z.object({
      action,
      amount: z.string().nullable(),
      currency: z.string().nullable(),
      payee: schemas.payee.nullable(),
    }),
    factors: z.array(z.enum(['totp', 'passkey'])),
    expiresAt: schemas.instant,
    returnTo: z.string().nullable(),
  })
  .openapi('Grant', { description: 'What the payer must be shown, and what may confirm it' });

export function grantRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/grants',
        tags,
        operationId: 'requestGrant',
        security,
        summary: 'Keeps what is to be confirmed: action, amount, currency and payee, for this session (PSD2 RTS 5).',
        middleware: [requireOwner(ctx)] as const,
        request: body(
          z.strictObject({
            action,
            amount: schemas.amount.optional(),
            currency: schemas.currency.optional(),
            payee: schemas.payee.optional(),
            returnTo: z
              .url()
              .max(2000)
              .optional()
              .openapi({ description: 'Where the page `/grant#token={grantId}` leads back to with `#grant=…`' }),
          }),
        ),
        responses: {
          201: answer('What to show', GrantView),
          ...refusals(
            'unauthorized',
            'insufficient-authentication',
            'no-second-factor',
            'account-held',
            'too-many-requests',
          ),
        },
      }),
      async (c) => c.json(show(await requestGrant(ctx, holderOf(c.var), c.req.valid('json'))), 201),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/grants/{id}',
        tags,
        operationId: 'getGrant',
        security,
        summary: 'A grant as it stands, to the session that asked for it.',
        middleware: [requireOwner(ctx)] as const,
        request: { params },
        responses: { 200: answer('The grant', GrantView), ...refusals('unauthorized', 'not-found') },
      }),
      async (c) => c.json(show(await showGrant(ctx, holderOf(c.var), c.req.valid('param').id)), 200),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/grants/{id}',
        tags,
        operationId: 'cancelGrant',
        security,
        summary: 'Ends a grant that was not used.',
        middleware: [requireOwner(ctx)] as const,
        request: { params },
        responses: { 204: nothing, ...refusals('unauthorized', 'not-found') },
      }),
      async (c) => {
        await cancelGrant(ctx, holderOf(c.var), c.req.valid('param').id);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/grants/{id}/passkey-options',
        tags,
        operationId: 'askPasskeyForGrant',
        security,
        summary: 'What a passkey is asked to sign: the hash of the grant.',
        middleware: [requireOwner(ctx)] as const,
        request: { params },
        responses: {
          200: answer('For `navigator.credentials.get()`', AssertionOptions),
          ...refusals(
            'unauthorized',
            'insufficient-authentication',
            'invalid-challenge',
            'account-held',
            'not-found',
            'no-second-factor',
          ),
        },
      }),
      async (c) => c.json(await askPasskeyForGrant(ctx, holderOf(c.var), c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/grants/{id}/confirm',
        tags,
        operationId: 'confirmGrant',
        security,
        summary:
          'Trades a TOTP code or a passkey for permission to do exactly this, once. Recovery codes do not count.',
        middleware: [requireOwner(ctx)] as const,
        request: { params, ...body(z.strictObject(schemas.proof)) },
        responses: {
          200: answer('The permission, shown this once', z.object({ grant: z.string(), expiresAt: schemas.instant })),
          ...refusals(
            'unauthorized',
            'insufficient-authentication',
            'invalid-code',
            'invalid-challenge',
            'account-held',
            'not-found',
            'too-many-attempts',
          ),
        },
      }),
      async (c) => {
        const proof = requireProof(c.req.valid('json'));
        const { grant, expiresAt } = await confirmGrant(ctx, holderOf(c.var), c.req.valid('param').id, proof);
        return c.json({ grant, expiresAt: expiresAt.toISOString() }, 200);
      },
    );
}

export function hostGrantRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/grants/redeem',
      tags: ['Host'],
      operationId: 'redeemGrant',
      security: [{ apiKey: [] }],
      summary: 'Spends a grant for a security change that the host makes itself. Scope `transactions:write`.',
      middleware: [requireApiKey(ctx, 'transactions:write'), idempotent(ctx)] as const,
      request: body(z.strictObject({ grant: schemas.token, accountId: z.uuid(), sessionId: z.uuid().optional() })),
      responses: {
        200: answer(
          'Whether the change may be made',
          z.object({ decision: z.enum(['allow', 'challenge', 'deny']), reasons: schemas.reasons }),
        ),
        ...refusals('unauthorized', 'forbidden'),
      },
    }),
    async (c) => {
      const bearer = { actor: { kind: 'host', id: c.var.apiKey.id }, client: c.var.client } as const;
      const { stoppedBy, refusal } = await redeemForChange(ctx, c.req.valid('json'), bearer);
      if (stoppedBy.length > 0) return c.json({ decision: 'deny' as const, reasons: stoppedBy.map(holdReason) }, 200);
      if (refusal) return c.json({ decision: 'challenge' as const, reasons: [grantReason(refusal)] }, 200);
      return c.json({ decision: 'allow' as const, reasons: [] }, 200);
    },
  );
}

function show(grant: Grant) {
  const { action, amount, currency, payee_id: id, payee_name: name } = grant;
  return {
    grantId: grant.id,
    status: grant.status,
    display: { action, amount, currency, payee: id === null ? null : { id, ...(name === null ? {} : { name }) } },
    factors: grant.factors,
    expiresAt: grant.expires_at.toISOString(),
    returnTo: grant.return_to,
  };
}
