import { createRoute, z } from '@hono/zod-openapi';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { publicSessionHold } from '../holds/session-holds.ts';
import { ahead, answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { findSession } from '../sessions/check.ts';
import { noteSeen } from '../sessions/seen.ts';

const MOST_SEEN = 1_000;

const Introspection = z.union([
  z.object({
    active: z.literal(true),
    sub: z.string(),
    sid: z.string(),
    acr: z.string(),
    amr: z.array(z.string()),
    auth_time: z.int(),
    exp: z.int(),
    iss: z.string(),
    client_id: z.string(),
    token_type: z.literal('Bearer'),
    holds: z.array(schemas.publicHold),
  }),
  z.object({ active: z.literal(false) }),
]);

/** What the host's own verifiers of access tokens ask and report. */
export function verifierRoutes(ctx: Context): Router {
  const found = ahead(async (c) => {
    const { token } = await c.req.json();
    return typeof token === 'string' ? await findSession(ctx, token) : undefined;
  });
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/sessions/introspect',
        tags: ['Host'],
        operationId: 'introspect',
        security: [{ apiKey: [] }],
        summary:
          'What an access token is worth right now (RFC 7662). Asking is not activity: report that as seen. Scope `sessions:read`.',
        middleware: [found.behind(requireApiKey(ctx, 'sessions:read')), idempotent(ctx)] as const,
        request: body(z.strictObject({ token: z.string().min(1).max(8192) })),
        responses: {
          200: answer('Active with its claims, or exactly `{ "active": false }`', Introspection),
          ...refusals('unauthorized', 'forbidden'),
        },
      }),
      async (c) => {
        const session = await found.of(c);
        if (!session) return c.json({ active: false as const }, 200);
        return c.json(
          {
            active: true as const,
            sub: session.account_id,
            sid: session.id,
            acr: session.acr,
            amr: session.amr,
            auth_time: Math.floor(session.auth_time.getTime() / 1000),
            exp: session.tokenExpiresAt,
            iss: ctx.config.publicUrl,
            client_id: 'holdfast',
            token_type: 'Bearer' as const,
            holds: session.holds.map(publicSessionHold),
          },
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/sessions/seen',
        tags: ['Host'],
        operationId: 'noteSeen',
        security: [{ apiKey: [] }],
        summary:
          'Activity that offline verifiers saw just now, in batches: these sessions do not time out as idle. What ended or is idle stays so; unknown ids are passed over. Scope `sessions:read`.',
        middleware: [requireApiKey(ctx, 'sessions:read'), idempotent(ctx)] as const,
        request: body(z.strictObject({ sessionIds: z.array(z.uuid()).min(1).max(MOST_SEEN) })),
        responses: { 202: answer('Noted', z.object({})), ...refusals('unauthorized', 'forbidden') },
      }),
      async (c) => {
        await noteSeen(ctx, c.req.valid('json').sessionIds);
        return c.json({}, 202);
      },
    );
}
