import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { deviceCookie, showSignedIn } from '../cookies.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { proofOf } from '../second-factors/proof.ts';
import { requireOwner } from '../sessions/guards.ts';
import { changeRefusals, freshHolder, holderOf } from '../sessions/holder.ts';
import { askAtReset, askAtSignIn, askForChange } from './ask.ts';
import { listPasskeys, type Passkey as OwnPasskey, removePasskey, renamePasskey } from './passkeys.ts';

import { addPasskey, startPasskey } from './register.ts';
import { AssertionOptions, attestation, RegistrationOptions } from './schemas.ts';
import { signInWithPasskey } from './sign-in.ts';

const security = [{ owner: [] }];
const name = z.string().trim().min(1).max(60).openapi({ example: 'My phone' });

/** A body that may be left out. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  ({ body: { required: false, content: { 'application/json': { schema } } } }) as const;

export function passkeySignInRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/passkey/options',
        tags: ['Anyone'],
        operationId: 'askForPasskey',
        summary:
          'What to give `navigator.credentials.get()`: for the second step of a sign-in, or to sign in with a passkey alone. Looks nothing up (ASVS 6.3.8).',
        request: optional(z.strictObject({ challenge: schemas.token.optional() })),
        responses: { 200: answer('Options, as JSON', AssertionOptions), ...refusals('too-many-requests') },
      }),
      async (c) => {
        const input: { challenge?: string | undefined } = c.req.valid('json') ?? {};
        return c.json(await askAtSignIn(ctx, input.challenge, c.var.client), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/passkey',
        tags: ['Anyone'],
        operationId: 'signInWithPasskey',
        summary: 'Signs in with a passkey alone. One answer for all that is wrong (ASVS 6.3.8).',
        request: body(
          z.strictObject({
            credential: schemas.assertion,
            deviceToken: schemas.token.optional(),
            tokens: schemas.tokens,
          }),
        ),
        responses: {
          200: answer('Signed in', schemas.signedIn),
          ...refusals('invalid-credentials', 'account-held', 'too-many-attempts', 'busy'),
        },
      }),
      async (c) => {
        const { credential, deviceToken = deviceCookie(c), tokens } = c.req.valid('json');
        const result = await signInWithPasskey(ctx, { credential, deviceToken }, c.var.client);
        return c.json(await showSignedIn(ctx, c, result, tokens), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/password-reset/passkey-options',
        tags: ['Anyone'],
        operationId: 'askForPasskeyAtReset',
        summary: 'As `/passkey/options`, for the reset behind a mailed token.',
        request: body(z.strictObject({ token: schemas.token })),
        responses: { 200: answer('Options, as JSON', AssertionOptions), ...refusals('too-many-requests') },
      }),
      async (c) => c.json(await askAtReset(ctx, c.req.valid('json').token, c.var.client), 200),
    );
}

const passkeyFields = {
  id: z.uuid(),
  name: z.string(),
  createdAt: schemas.instant,
  lastUsedAt: schemas.instant.nullable(),
  isBackedUp: z.boolean().openapi({ description: 'Kept by a password manager or a phone maker, on several devices' }),
};
const Passkey = z.object(passkeyFields).openapi('Passkey');
const Added = z
  .object({ ...passkeyFields, recoveryCodes: z.array(z.string()).length(10).optional() })
  .openapi('AddedPasskey', { description: 'With the first factor come recovery codes, shown this once' });
const params = z.object({ id: z.uuid() });

export function passkeyRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/passkeys',
        tags: ['Owner'],
        operationId: 'listPasskeys',
        security,
        summary: 'The account’s passkeys, the oldest first.',
        middleware: [requireOwner(ctx)] as const,
        responses: {
          200: answer('Passkeys', z.object({ items: z.array(Passkey), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized'),
        },
      }),
      async (c) => {
        const passkeys = await listPasskeys(ctx, c.var.session.account_id);
        return c.json({ items: passkeys.map(show), nextCursor: null }, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/passkeys/options',
        tags: ['Owner'],
        operationId: 'startPasskey',
        security,
        summary:
          'What to give `navigator.credentials.create()`; where a second factor is bound, against a proof of it. Needs a fresh sign-in (RFC 9470).',
        middleware: [requireOwner(ctx)] as const,
        request: optional(z.strictObject(schemas.proof)),
        responses: {
          200: answer('Options, as JSON', RegistrationOptions),
          ...refusals(...changeRefusals, 'too-many-passkeys'),
        },
      }),
      async (c) => {
        const proof = proofOf(c.req.valid('json') ?? {});
        return c.json(await startPasskey(ctx, freshHolder(c.var), proof), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/passkeys',
        tags: ['Owner'],
        operationId: 'addPasskey',
        security,
        summary: 'Adds the passkey that was made for those options, once; other sessions end (ASVS 7.4.3).',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ credential: attestation, name: name.optional() })),
        responses: {
          201: answer('The passkey', Added),
          ...refusals(
            'invalid-passkey',
            'too-many-passkeys',
            'unauthorized',
            'insufficient-authentication',
            'account-held',
            'too-many-requests',
            'busy',
          ),
        },
      }),
      async (c) => {
        const { passkey, recoveryCodes } = await addPasskey(ctx, freshHolder(c.var), c.req.valid('json'));
        return c.json({ ...show(passkey), ...(recoveryCodes ? { recoveryCodes } : {}) }, 201);
      },
    )
    .openapi(
      createRoute({
        method: 'put',
        path: '/passkeys/{id}',
        tags: ['Owner'],
        operationId: 'renamePasskey',
        security,
        summary: 'Gives a passkey another name.',
        middleware: [requireOwner(ctx)] as const,
        request: { params, ...body(z.strictObject({ name })) },
        responses: {
          200: answer('The passkey', Passkey),
          ...refusals('unauthorized', 'insufficient-authentication', 'account-held', 'not-found', 'too-many-requests'),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        return c.json(show(await renamePasskey(ctx, freshHolder(c.var), id, c.req.valid('json').name)), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/passkeys/{id}',
        tags: ['Owner'],
        operationId: 'removePasskey',
        security,
        summary:
          'Removes a passkey against a proof of any factor, unless it is the last one and the password is too short without.',
        middleware: [requireOwner(ctx)] as const,
        request: { params, ...optional(z.strictObject(schemas.proof)) },
        responses: { 204: nothing, ...refusals(...changeRefusals, 'weak-password', 'last-second-factor', 'not-found') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        await removePasskey(ctx, freshHolder(c.var), id, proofOf(c.req.valid('json') ?? {}));
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/passkey/options',
        tags: ['Owner'],
        operationId: 'askForOwnPasskey',
        security,
        summary: 'What to give `navigator.credentials.get()`, to prove a change by this session with a passkey.',
        middleware: [requireOwner(ctx)] as const,
        responses: {
          200: answer('Options, as JSON', AssertionOptions),
          ...refusals('unauthorized', 'too-many-requests'),
        },
      }),
      async (c) => c.json(await askForChange(ctx, holderOf(c.var)), 200),
    );
}

const show = (row: OwnPasskey) => ({
  id: row.id,
  name: row.name,
  createdAt: row.created_at.toISOString(),
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
  isBackedUp: row.is_backed_up,
});
