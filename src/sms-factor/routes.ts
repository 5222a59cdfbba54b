import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import { text } from '../languages/languages.ts';
import * as schemas from '../schemas.ts';
import { proofOf } from '../second-factors/proof.ts';
import { requireOwner } from '../sessions/guards.ts';
import { changeRefusals, freshHolder } from '../sessions/holder.ts';
import { confirmSms, removeSms, startSms } from './sms-factor.ts';

const security = [{ owner: [] }];
const Started = z
  .object({
    phone: z.string().openapi({ description: 'Masked', example: '+49…67' }),
    expiresIn: z.int().openapi({ description: 'Seconds' }),
    notice: z
      .string()
      .openapi({ description: 'What the owner must be told of the risk, in their language (NIST 800-63B-4 3.2.9)' }),
  })
  .openapi('SmsStarted');

export function smsFactorRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/sms',
        tags: ['Owner'],
        operationId: 'startSms',
        security,
        summary:
          'Texts a code to the account’s number, to make it a second way beside an authenticator or a passkey: a restricted factor (NIST 800-63B-4 3.2.9). Takes a proof of that one.',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject(schemas.proof)),
        responses: {
          202: answer('A text is on its way', Started),
          ...refusals('not-found', 'no-second-factor', 'already-enrolled', 'phone-not-ready', ...changeRefusals),
        },
      }),
      async (c) => {
        const started = await startSms(ctx, freshHolder(c.var), proofOf(c.req.valid('json')));
        return c.json({ ...started, notice: text(c.var.client.locale, 'sms.notice') }, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/sms/confirm',
        tags: ['Owner'],
        operationId: 'confirmSms',
        security,
        summary: 'Makes the number a factor with the code texted to it; other sessions end, withdrawals wait.',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject({ code: z.string().regex(/^\d{6}$/, 'must be six digits') })),
        responses: {
          204: nothing,
          ...refusals('unauthorized', 'invalid-code', 'account-held', 'too-many-attempts', 'too-many-requests', 'busy'),
        },
      }),
      async (c) => {
        await confirmSms(ctx, freshHolder(c.var), c.req.valid('json').code);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/sms',
        tags: ['Owner'],
        operationId: 'removeSms',
        security,
        summary: 'Removes the number as a factor against a proof of another one.',
        middleware: [requireOwner(ctx)] as const,
        request: body(z.strictObject(schemas.proof)),
        responses: { 204: nothing, ...refusals('not-found', ...changeRefusals) },
      }),
      async (c) => {
        await removeSms(ctx, freshHolder(c.var), proofOf(c.req.valid('json')));
        return c.body(null, 204);
      },
    );
}
