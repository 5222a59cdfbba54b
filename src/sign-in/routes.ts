import { createRoute, z } from '@hono/zod-openapi';
import type { Context as HonoContext } from 'hono';
import { issueCaseToken, openCaseByLink } from '../cases/case-access.ts';
import type { Context } from '../context.ts';
import { deviceCookie, replacedRefreshToken, setTokenCookies } from '../cookies.ts';
import { answer, body, type Env, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireProof } from '../second-factors/proof.ts';
import { signOutByToken } from '../sessions/end.ts';
import type { SignedIn } from '../sessions/issue.ts';
import { proveOwner } from './prove-owner.ts';
import { answerChallenge, signIn } from './sign-in.ts';

const factor = z.enum(['totp', 'passkey', 'sms', 'recovery-code']);

const SignInBody = z.strictObject({
  identifier: z.string().min(1).max(254).openapi({ description: 'E-mail, username or phone' }),
  password: schemas.password,
  code: schemas.code.optional(),
  deviceToken: schemas.token.optional(),
  tokens: schemas.tokens,
});

const SignedInAnswer = z
  .object({
    status: z.literal('signed-in'),
    accessToken: z.string(),
    expiresIn: z.int().openapi({ description: 'Seconds' }),
    refreshToken: z.string().optional(),
    deviceToken: z.string().optional(),
    sessionId: z.uuid(),
    accountId: z.uuid(),
  })
  .openapi('SignedIn');

const ChallengedAnswer = z
  .object({
    status: z.literal('second-factor-required'),
    challenge: z.string(),
    factors: z.array(factor),
    expiresIn: z.int(),
  })
  .openapi('SecondFactorRequired');

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
            'Signed in, or the second factor is needed',
            z.discriminatedUnion('status', [SignedInAnswer, ChallengedAnswer]),
          ),
          ...refusals('invalid-credentials', 'account-held', 'password-change-required', 'too-many-attempts', 'busy'),
        },
      }),
      async (c) => {
        const input = c.req.valid('json');
        const result = await signIn(ctx, { ...input, deviceToken: input.deviceToken ?? deviceCookie(c) }, c.var.client);
        if ('challenge' in result) return c.json({ status: 'second-factor-required' as const, ...result }, 200);
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
          200: answer('Signed in', SignedInAnswer),
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
          { challenge: input.challenge, proof, deviceToken: input.deviceToken ?? deviceCookie(c) },
          c.var.client,
        );
        return c.json(await showSignedIn(ctx, c, result, input.tokens), 200);
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
            }),
            z.strictObject({ token: schemas.token }),
          ]),
        ),
        responses: {
          200: answer('The token', CaseAccess),
          ...refusals(
            'invalid-credentials',
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
          await ctx.limits.takeOpenly('other', c.var.client.ip);
          return c.json(await openCaseByLink(ctx, input.token, c.var.client), 200);
        }
        const accountId = await proveOwner(ctx, input, c.var.client);
        return c.json(await issueCaseToken(ctx, accountId, 'password', c.var.client), 200);
      },
    );
}

/**
 * The same secret is never both in a cookie and in the body (ASVS 3.3.4). A cookie that takes the place of another ends
 * that one's session (ASVS 7.2.4).
 */
async function showSignedIn(ctx: Context, c: HonoContext<Env>, result: SignedIn, where: 'body' | 'cookie') {
  if (where === 'body') return { status: 'signed-in' as const, ...result };
  const replaced = replacedRefreshToken(c);
  if (replaced !== undefined) await signOutByToken(ctx, replaced, c.var.client);
  setTokenCookies(c, result);
  const { refreshToken: _refresh, deviceToken: _device, ...shown } = result;
  return { status: 'signed-in' as const, ...shown };
}
