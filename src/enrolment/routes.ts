import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { deviceCookie, showSignedIn } from '../cookies.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { attestation, RegistrationOptions } from '../passkeys/schemas.ts';
import * as schemas from '../schemas.ts';
import {
  confirmPasskeyEnrolment,
  confirmTotpEnrolment,
  startPasskeyEnrolment,
  startTotpEnrolment,
} from './enrolment.ts';

const enrolmentToken = schemas.token.openapi({ description: 'From a sign-in that answered `enrolment-required`' });
const name = z.string().trim().min(1).max(60);
const finish = { enrolmentToken, deviceToken: schemas.token.optional(), tokens: schemas.tokens };

const EnrolledAnswer = schemas.signedIn
  .extend({ recoveryCodes: z.array(z.string()).openapi({ description: 'Ten, shown this once' }) })
  .openapi('Enrolled');

export function enrolmentRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/enrolment/totp',
        tags: ['Anyone'],
        operationId: 'enrolTotp',
        summary: 'Shows an authenticator secret to an account that must have a second factor before it is signed in.',
        request: body(z.strictObject({ enrolmentToken, name: name.default('Authenticator') })),
        responses: {
          201: answer(
            'The secret',
            z.object({ factorId: z.uuid(), secret: z.string(), otpauthUri: z.string(), qrSvg: z.string() }),
          ),
          ...refusals('invalid-token', 'account-held', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => {
        const { name: wanted, ...given } = c.req.valid('json');
        return c.json(await startTotpEnrolment(ctx, given, wanted, c.var.client), 201);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/enrolment/totp/confirm',
        tags: ['Anyone'],
        operationId: 'confirmEnrolledTotp',
        summary: 'Binds the authenticator with its first code and signs in by it. Five wrong codes end it.',
        request: body(z.strictObject({ ...finish, code: z.string().regex(/^\d{6}$/, 'must be six digits') })),
        responses: {
          200: answer('Signed in, with recovery codes', EnrolledAnswer),
          ...refusals('invalid-token', 'invalid-code', 'account-held', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => {
        const { code, tokens, ...given } = c.req.valid('json');
        const by = { ...given, deviceToken: given.deviceToken ?? deviceCookie(c) };
        const { recoveryCodes, ...signedIn } = await confirmTotpEnrolment(ctx, by, code, c.var.client);
        return c.json({ ...(await showSignedIn(ctx, c, signedIn, tokens)), recoveryCodes }, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/enrolment/passkey',
        tags: ['Anyone'],
        operationId: 'enrolPasskey',
        summary:
          'What to give `navigator.credentials.create()`, for an account that must have a second factor before it is signed in.',
        request: body(z.strictObject({ enrolmentToken })),
        responses: {
          200: answer('Options, as JSON', RegistrationOptions),
          ...refusals('invalid-token', 'account-held', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => c.json(await startPasskeyEnrolment(ctx, c.req.valid('json'), c.var.client), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/enrolment/passkey/confirm',
        tags: ['Anyone'],
        operationId: 'confirmEnrolledPasskey',
        summary: 'Binds the passkey and signs in by it.',
        request: body(z.strictObject({ ...finish, credential: attestation, name: name.optional() })),
        responses: {
          200: answer('Signed in, with recovery codes', EnrolledAnswer),
          ...refusals('invalid-token', 'invalid-passkey', 'account-held', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => {
        const { credential, name: wanted, tokens, ...given } = c.req.valid('json');
        const by = { ...given, deviceToken: given.deviceToken ?? deviceCookie(c) };
        const { recoveryCodes, ...signedIn } = await confirmPasskeyEnrolment(
          ctx,
          by,
          { credential, name: wanted },
          c.var.client,
        );
        return c.json({ ...(await showSignedIn(ctx, c, signedIn, tokens)), recoveryCodes }, 200);
      },
    );
}
