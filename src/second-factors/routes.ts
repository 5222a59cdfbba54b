import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireOwner } from '../sessions/guards.ts';
import { changeRefusals, freshHolder } from '../sessions/holder.ts';
import { type Authenticator, listAuthenticators, removeAuthenticators, renameAuthenticator } from './authenticators.ts';
import { proofOf, requireProof } from './proof.ts';
import { reissueRecoveryCodes } from './recovery-codes.ts';
import { confirmTotp, startTotp } from './totp.ts';

const security = [{ owner: [] }];
const params = z.object({ id: z.uuid() });
const totpCode = z.strictObject({ code: z.string().regex(/^\d{6}$/, 'must be six digits') });
const proof = z.strictObject(schemas.proof);
const name = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .regex(/^\P{Cc}*$/u, 'must be one line')
  .openapi({ example: 'My phone' });

const Codes = z
  .object({ recoveryCodes: z.array(z.string()).length(10) })
  .openapi('RecoveryCodes', { description: 'Shown this once' });
const FirstCodes = z.object({ recoveryCodes: z.array(z.string()).max(10) }).openapi('FirstRecoveryCodes', {
  description: 'Ten with the account’s first factor, shown this once; none with later ones: those there are stay good',
});
const Authenticators = z
  .object({
    items: z.array(
      z.object({
        id: z.uuid(),
        name: z.string(),
        createdAt: schemas.instant,
        lastUsedAt: schemas.instant.optional(),
        disabled: z.boolean().openapi({ description: 'After too many wrong codes: to be bound anew' }),
      }),
    ),
    nextCursor: z.null(),
  })
  .openapi('Authenticators');

export function secondFactorRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/totp',
        tags: ['Owner'],
        operationId: 'listTotps',
        security,
        summary: 'The authenticators that are bound, oldest first.',
        middleware: [requireOwner(ctx)] as const,
        responses: { 200: answer('Authenticators', Authenticators), ...refusals('unauthorized') },
      }),
      async (c) => {
        const bound = await listAuthenticators(ctx, c.var.session.account_id);
        return c.json({ items: bound.map(showAuthenticator), nextCursor: null }, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/totp',
        tags: ['Owner'],
        operationId: 'startTotp',
        security,
        summary:
          'Shows a new authenticator secret; it opens nothing before it is confirmed. Where a factor is bound it needs a proof of one (OWASP MFA); `replaces` names the authenticator that ends with it.',
        middleware: [requireOwner(ctx)] as const,
        request: {
          body: {
            content: {
              'application/json': {
                schema: z.strictObject({ name: name.optional(), replaces: z.uuid().optional(), ...schemas.proof }),
              },
            },
          },
        },
        responses: {
          201: answer(
            'The secret',
            z.object({ factorId: z.uuid(), secret: z.string(), otpauthUri: z.string(), qrSvg: z.string() }),
          ),
          ...refusals(...changeRefusals, 'already-enrolled', 'not-found'),
        },
      }),
      async (c) => {
        const { name: wanted, replaces, ...given } = c.req.valid('json');
        const input = { name: wanted ?? 'Authenticator', replaces, proof: proofOf(given) };
        return c.json(await startTotp(ctx, freshHolder(c.var), input), 201);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/totp/confirm',
        tags: ['Owner'],
        operationId: 'confirmTotp',
        security,
        summary: 'Binds the authenticator with its first code; other sessions end (ASVS 7.4.3).',
        middleware: [requireOwner(ctx)] as const,
        request: body(totpCode),
        responses: {
          200: answer('Recovery codes', FirstCodes),
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
      async (c) => c.json({ recoveryCodes: await confirmTotp(ctx, freshHolder(c.var), c.req.valid('json').code) }, 200),
    )
    .openapi(
      createRoute({
        method: 'put',
        path: '/totp/{id}',
        tags: ['Owner'],
        operationId: 'renameTotp',
        security,
        summary: 'Gives an authenticator another name.',
        middleware: [requireOwner(ctx)] as const,
        request: { params, ...body(z.strictObject({ name })) },
        responses: {
          204: nothing,
          ...refusals('unauthorized', 'insufficient-authentication', 'not-found', 'account-held', 'too-many-requests'),
        },
      }),
      async (c) => {
        await renameAuthenticator(ctx, freshHolder(c.var), c.req.valid('param').id, c.req.valid('json').name);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/totp/{id}',
        tags: ['Owner'],
        operationId: 'removeOneTotp',
        security,
        summary: 'Removes one authenticator against a proof of any factor; the last one as `DELETE /totp` does.',
        middleware: [requireOwner(ctx)] as const,
        request: { params, ...body(proof) },
        responses: { 204: nothing, ...refusals(...changeRefusals, 'not-found', 'weak-password') },
      }),
      async (c) => {
        const holder = freshHolder(c.var);
        await removeAuthenticators(ctx, holder, requireProof(c.req.valid('json')), c.req.valid('param').id);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/totp',
        tags: ['Owner'],
        operationId: 'removeTotp',
        security,
        summary:
          'Removes every authenticator against a proof of any factor, and where no other factor is bound the recovery codes; not where the password is too short without one.',
        middleware: [requireOwner(ctx)] as const,
        request: body(proof),
        responses: { 204: nothing, ...refusals(...changeRefusals, 'weak-password') },
      }),
      async (c) => {
        await removeAuthenticators(ctx, freshHolder(c.var), requireProof(c.req.valid('json')));
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
        summary: 'Ten new recovery codes against a proof of any factor; the old ones stop working.',
        middleware: [requireOwner(ctx)] as const,
        request: body(proof),
        responses: { 200: answer('Recovery codes', Codes), ...refusals(...changeRefusals) },
      }),
      async (c) => {
        const given = requireProof(c.req.valid('json'));
        return c.json({ recoveryCodes: await reissueRecoveryCodes(ctx, freshHolder(c.var), given) }, 200);
      },
    );
}

const showAuthenticator = (row: Authenticator) => ({
  id: row.id,
  name: row.name,
  createdAt: row.created_at.toISOString(),
  ...(row.last_used_at ? { lastUsedAt: row.last_used_at.toISOString() } : {}),
  disabled: row.disabled_at !== null,
});
