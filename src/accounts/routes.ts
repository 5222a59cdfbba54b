import { createRoute, z } from '@hono/zod-openapi';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { findHolds, publicHold } from '../holds/gate.ts';
import { publicSessionHold } from '../holds/session-holds.ts';
import { ahead, answer, bearer, body, nothing, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { requireOwnerOrCase } from '../sessions/guards.ts';
import {
  createAccount,
  describeOwner,
  findAccount,
  findOwnProfile,
  showAccount,
  showSecondFactor,
} from './accounts.ts';
import { confirmEmail, signUp } from './sign-up.ts';

const SignUp = z.strictObject({
  email: schemas.email,
  password: schemas.password,
  phone: schemas.phone.optional(),
  username: schemas.username.optional(),
  locale: schemas.locale.optional(),
});

export function signUpRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/sign-up',
        tags: ['Anyone'],
        operationId: 'signUp',
        summary:
          'Asks for an account; a mail confirms the address. One answer for known and unknown addresses (ASVS 6.3.8).',
        request: body(SignUp),
        responses: {
          202: answer('Accepted', z.object({})),
          ...refusals('weak-password', 'email-not-accepted', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => {
        await signUp(ctx, c.req.valid('json'), c.var.client);
        return c.json({}, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/email-confirmation',
        tags: ['Anyone'],
        operationId: 'confirmEmail',
        summary: 'Confirms an address with the token mailed to it, once.',
        request: body(z.strictObject({ token: schemas.token })),
        responses: { 204: nothing, ...refusals('invalid-token', 'too-many-requests') },
      }),
      async (c) => {
        await confirmEmail(ctx, c.req.valid('json').token, c.var.client);
        return c.body(null, 204);
      },
    );
}

const NewAccount = z
  .strictObject({
    email: schemas.email,
    externalId: z.string().min(1).max(200).optional(),
    username: schemas.username.optional(),
    phone: schemas.phone.optional(),
    locale: schemas.locale.optional(),
    emailConfirmed: z
      .boolean()
      .optional()
      .openapi({ description: 'The host answers for the address; no mail is sent' }),
    password: schemas.password.optional(),
    passwordHash: z.string().min(1).max(1024).optional().openapi({
      description:
        'Instead of `password`: argon2, bcrypt, scrypt or PBKDF2 in PHC or crypt form. Checked at the first sign-in and made anew then.',
      example: '$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m',
    }),
  })
  .refine((account) => account.password === undefined || account.passwordHash === undefined, {
    path: ['passwordHash'],
    message: 'must not be given beside a password',
  });

const Account = z.object(schemas.accountFields).openapi('Account');

export function hostAccountRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/accounts',
        tags: ['Host'],
        operationId: 'createAccount',
        security: [{ apiKey: [] }],
        summary: 'Makes an account the host answers for. Scope `accounts:write`.',
        middleware: [requireApiKey(ctx, 'accounts:write'), idempotent(ctx)] as const,
        request: body(NewAccount),
        responses: {
          201: answer('The account', Account),
          ...refusals('unauthorized', 'forbidden', 'account-exists', 'weak-password', 'busy'),
        },
      }),
      async (c) =>
        c.json(showAccount(await createAccount(ctx, c.req.valid('json'), c.var.apiKey.id, c.var.client)), 201),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/accounts/{id}',
        tags: ['Host'],
        operationId: 'getAccount',
        security: [{ apiKey: [] }],
        summary: 'An account by id, or by `external:{externalId}`. Scope `accounts:read`.',
        middleware: [requireApiKey(ctx, 'accounts:read')] as const,
        request: { params: z.object({ id: z.string().min(1).max(220) }) },
        responses: { 200: answer('The account', Account), ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => c.json(showAccount(await findAccount(ctx, c.req.valid('param').id)), 200),
    );
}

const Me = z
  .object({
    id: z.uuid(),
    email: z.string(),
    emailConfirmed: z.boolean(),
    locale: schemas.locale,
    secondFactor: z.object({
      totp: z.boolean(),
      passkeys: z.int(),
      sms: z.boolean().openapi({ description: 'Whether codes may be texted at sign-in' }),
      recoveryCodesLeft: z.int(),
      recoveryCodesLow: z.boolean().openapi({ description: 'Offer new ones: three or fewer are left' }),
    }),
    holds: z.array(schemas.publicHold),
    watchUntil: schemas.instant.nullable(),
  })
  .openapi('Me');

export function ownerAccountRoutes(ctx: Context): Router {
  const found = ahead((c) => findOwnProfile(ctx, bearer(c)));
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/',
      tags: ['Owner'],
      operationId: 'getMe',
      security: [{ owner: [] }, { caseToken: [] }],
      summary: 'The account, its second factor and its holds; also for a frozen owner with a case token.',
      middleware: [found.behind(requireOwnerOrCase(ctx))] as const,
      responses: { 200: answer('The account', Me), ...refusals('unauthorized') },
    }),
    async (c) => {
      const { accountId, session } = c.get('speaker');
      const profile = (await found.of(c)) ?? (await describeOwner(ctx, accountId));
      const holds = session
        ? session.holds.map(publicSessionHold)
        : (await findHolds(ctx.reader, accountId, ctx.clock.now())).map(publicHold);
      return c.json(
        {
          id: accountId,
          email: profile.email,
          emailConfirmed: profile.is_email_confirmed,
          locale: profile.locale,
          secondFactor: showSecondFactor(profile),
          holds,
          watchUntil: profile.watch_until && new Date(profile.watch_until).toISOString(),
        },
        200,
      );
    },
  );
}
