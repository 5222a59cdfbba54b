import { createRoute, z } from '@hono/zod-openapi';
import { issueCaseToken, openCaseByLink } from '../cases/case-access.ts';
import type { Context } from '../context.ts';
import { deviceCookie, showSignedIn } from '../cookies.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireProof } from '../second-factors/proof.ts';
import { ENROLLABLE } from './open-enrolment.ts';
import { proveOwner } from './prove-owner.ts';
import { answerChallenge } from './second-step.ts';
import { sendCode } from './send-code.ts';
import { signIn } from './sign-in.ts';

const factor = z.enum(['totp', 'passkey', 'sms', 'recovery-code', 'email-code']);

const SignInBody = z.strictObject({
  identifier: z.string().min(1).max(254).openapi({ description: 'E-mail, username or phone' }),
  password: schemas.password,
  code: schemas.code.optional(),
  deviceToken: schemas.token.optional(),
  tokens: schemas.tokens,
  proof: schemas.shown.optional(),
});

const ChallengedAnswer = z
  .object({
    status: z.literal('second-factor-required'),
    challenge: z.string(),
    factors: z.array(factor),
    expiresIn: z.int(),
  })
  .openapi('SecondFactorRequired');

const EnrollingAnswer = z
  .object({
    status: z.literal('enrolment-required'),
    enrolmentToken: z.string(),
    factors: z.array(z.enum(ENROLLABLE)).openapi({ description: 'What may be bound by it' }),
    expiresIn: z.int(),
  })
  .openapi('EnrolmentRequired', {
    description: 'No session: with the token a second factor is bound, and nothing else',
  });

const CaseAccess = z
  .object({ caseToken: z.string(), expiresIn: z.int(), caseReference: z.string().nullable() })
  .openapi('CaseAccess');

export function signInRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/sign-in',
        tags: ['Anyone'],
        operationId: 'signIn',
        summary:
          'Signs in, or asks for the second factor. One answer, after the same work, for all that is wrong (ASVS 6.3.8).',
        request: body(SignInBody),
        responses: {
          200: answer(
            'Signed in, or what is still owed',
            z.discriminatedUnion('status', [schemas.signedIn, ChallengedAnswer, EnrollingAnswer]),
          ),
          ...refusals(
            'invalid-credentials',
            'proof-required',
            'account-held',
            'password-change-required',
            'too-many-attempts',
            'busy',
          ),
        },
      }),
      async (c) => {
        const input = c.req.valid('json');
        const result = await signIn(ctx, { ...input, deviceToken: input.deviceToken ?? deviceCookie(c) }, c.var.client);
        if ('challenge' in result) return c.json({ status: 'second-factor-required' as const, ...result }, 200);
        if ('enrolmentToken' in result) return c.json({ status: 'enrolment-required' as const, ...result }, 200);
        return c.json(await showSignedIn(ctx, c, result, input.tokens), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/second-factor',
        tags: ['Anyone'],
        operationId: 'answerSecondFactor',
        summary: 'Answers the challenge of a sign-in. Five wrong codes end it (RTS 4(3)(b)).',
        request: body(
          z.strictObject({
            challenge: schemas.token,
            factor,
            ...schemas.proof,
            deviceToken: schemas.token.optional(),
            tokens: schemas.tokens,
          }),
        ),
        responses: {
          200: answer(
            'Signed in, or a second factor is to be bound',
            z.discriminatedUnion('status', [schemas.signedIn, EnrollingAnswer]),
          ),
          ...refusals(
            'invalid-code',
            'invalid-challenge',
            'account-held',
            'password-change-required',
            'too-many-attempts',
            'busy',
          ),
        },
      }),
      async (c) => {
        const input = c.req.valid('json');
        const proof = requireProof(input);
        const result = await answerChallenge(
          ctx,
          { ...input, proof, deviceToken: input.deviceToken ?? deviceCookie(c) },
          c.var.client,
        );
        if ('enrolmentToken' in result) return c.json({ status: 'enrolment-required' as const, ...result }, 200);
        return c.json(await showSignedIn(ctx, c, result, input.tokens), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/second-factor/send',
        tags: ['Anyone'],
        operationId: 'sendSecondFactor',
        summary:
          'Sends the code of a sign-in’s second step, where there is one to send. One answer, whether or not: nothing is told.',
        request: body(z.strictObject({ challenge: schemas.token, factor: z.enum(['sms', 'email-code']) })),
        responses: { 202: answer('Accepted', z.object({})), ...refusals('too-many-requests', 'busy') },
      }),
      async (c) => {
        await sendCode(ctx, c.req.valid('json'), c.var.client);
        return c.json({}, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/case-access',
        tags: ['Anyone'],
        operationId: 'openCaseAccess',
        summary: 'A short token for one’s own cases, also while the account is frozen. It is no session.',
        request: body(
          z.union([
            z.strictObject({
              identifier: z.string().min(1).max(254),
              password: schemas.password,
              code: schemas.code.optional(),
              proof: schemas.shown.optional(),
            }),
            z.strictObject({ token: schemas.token }),
          ]),
        ),
        responses: {
          200: answer('The token', CaseAccess),
          ...refusals(
            'invalid-credentials',
            'proof-required',
            'invalid-token',
            'unauthorized',
            'password-change-required',
            'too-many-attempts',
            'busy',
          ),
        },
      }),
      async (c) => {
        const input = c.req.valid('json');
        if ('token' in input) {
          await ctx.limits.takeOpenly('containment', c.var.client.ip);
          return c.json(await openCaseByLink(ctx, input.token, c.var.client), 200);
        }
        const accountId = await proveOwner(ctx, input, c.var.client);
        return c.json(await issueCaseToken(ctx, accountId, { by: 'password' }, c.var.client), 200);
      },
    );
}
