import { createRoute, z } from '@hono/zod-openapi';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { clearRefreshCookie, refreshCookie, setTokenCookies } from '../cookies.ts';
import { publicSessionHold } from '../holds/session-holds.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';
import { findSession } from './check.ts';
import { signOut } from './end.ts';
import { requireOwner } from './guards.ts';
import { refresh } from './refresh.ts';

const Refreshed = z
  .object({ accessToken: z.string(), expiresIn: z.int(), refreshToken: z.string().optional() })
  .openapi('Refreshed');

export function sessionRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/refresh',
        tags: ['Anyone'],
        operationId: 'refresh',
        summary:
          'Trades a refresh token, or the cookie, for its successor. A token used twice ends the session (RFC 9700).',
        request: body(z.strictObject({ refreshToken: schemas.token.optional() })),
        responses: {
          200: answer('New tokens', Refreshed),
          ...refusals('invalid-refresh-token', 'account-held', 'cross-site', 'too-many-requests'),
        },
      }),
      async (c) => {
        await ctx.limits.takeForAddress('other', c.var.client.ip);
        const { refreshToken } = c.req.valid('json');
        const presented = refreshToken ?? refreshCookie(c);
        if (presented === undefined) throw new Problem('invalid-refresh-token');
        const fresh = await refresh(ctx, presented, c.var.client);
        if (refreshToken !== undefined) return c.json(fresh, 200);
        setTokenCookies(c, fresh);
        return c.json({ accessToken: fresh.accessToken, expiresIn: fresh.expiresIn }, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/sign-out',
        tags: ['Anyone'],
        operationId: 'signOut',
        security: [{ owner: [] }],
        summary: 'Ends the caller’s session at once, on every node (ASVS 7.4.1).',
        middleware: [requireOwner(ctx)] as const,
        responses: { 204: nothing, ...refusals('unauthorized') },
      }),
      async (c) => {
        const { id, account_id } = c.var.session;
        await signOut(ctx, { sessionId: id, actor: { kind: 'owner', id: account_id } }, c.var.client);
        clearRefreshCookie(c);
        return c.body(null, 204);
      },
    );
}

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

export function introspectionRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/sessions/introspect',
      tags: ['Host'],
      operationId: 'introspect',
      security: [{ apiKey: [] }],
      summary: 'What an access token is worth right now (RFC 7662). Scope `sessions:read`.',
      middleware: [requireApiKey(ctx, 'sessions:read'), idempotent(ctx)] as const,
      request: body(z.strictObject({ token: z.string().min(1).max(8192) })),
      responses: {
        200: answer('Active with its claims, or exactly `{ "active": false }`', Introspection),
        ...refusals('unauthorized', 'forbidden'),
      },
    }),
    async (c) => {
      const { token } = c.req.valid('json');
      const session = await findSession(ctx, token);
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
  );
}
