import { createRoute, z } from '@hono/zod-openapi';
import type { Context as HonoContext } from 'hono';
import type { Context } from '../context.ts';
import { clearRefreshCookie, refreshCookie, setTokenCookies } from '../cookies.ts';
import { answer, type Env, nothing, page, paged, type Router, refusals, router } from '../http.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';
import { signOut, signOutByToken } from './end.ts';
import { requireOwner } from './guards.ts';
import { freshHolder, holderOf } from './holder.ts';
import { describeClient, type ListedSession, listSessions } from './list.ts';
import { endOwnSession, endOwnSessions } from './owner-ends.ts';
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
          'Trades a refresh token, or the cookie, for its successor; for a few seconds the same one again. A token used later than that ends the session (RFC 9700). It is not activity.',
        request: {
          body: {
            required: false,
            content: { 'application/json': { schema: z.strictObject({ refreshToken: schemas.token.optional() }) } },
          },
        },
        responses: {
          200: answer('New tokens', Refreshed),
          ...refusals('invalid-refresh-token', 'account-held', 'cross-site', 'too-many-requests'),
        },
      }),
      async (c) => {
        await ctx.limits.takeForAddress('other', c.var.client.ip);
        const { refreshToken } = c.req.valid('json');
        const presented = refreshToken ?? refreshCookie(c, ctx.config);
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
        summary: 'Ends the caller’s session at once, on every node (ASVS 7.4.1); in a browser by its cookie alone.',
        responses: { 204: nothing, ...refusals('unauthorized', 'cross-site', 'too-many-requests') },
      }),
      async (c) => {
        await ctx.limits.takeOpenly('containment', c.var.client.ip);
        const cookie = c.req.header('authorization') === undefined ? refreshCookie(c, ctx.config) : undefined;
        if (cookie === undefined) await signOutBearer(ctx, c);
        else await signOutByToken(ctx, cookie, c.var.client);
        clearRefreshCookie(c);
        return c.body(null, 204);
      },
    );
}

async function signOutBearer(ctx: Context, c: HonoContext<Env>): Promise<void> {
  await requireOwner(ctx)(c, async () => {
    const { id, account_id } = c.var.session;
    await signOut(ctx, { sessionId: id, actor: { kind: 'owner', id: account_id } }, c.var.client);
  });
}

const Session = z
  .object({
    id: z.uuid(),
    current: z.boolean(),
    createdAt: schemas.instant,
    lastSeenAt: schemas.instant.openapi({ description: 'To the minute' }),
    expiresAt: schemas.instant,
    ip: z.string().nullable(),
    place: schemas.place.nullable(),
    device: schemas.device.extend({ id: z.uuid().nullable() }),
    acr: z.string(),
    amr: z.array(z.string()),
  })
  .openapi('Session');

const security = [{ owner: [] }];

export function ownerSessionRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/sessions',
        tags: ['Owner'],
        operationId: 'listSessions',
        security,
        summary: 'Where the account is signed in, newest sign-in first (ASVS 7.5.2).',
        middleware: [requireOwner(ctx)] as const,
        request: { query: page.extend({ cursor: z.uuid().optional() }) },
        responses: {
          200: answer('Live sessions', z.object({ items: z.array(Session), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized'),
        },
      }),
      async (c) => {
        const { limit, cursor } = c.req.valid('query');
        const { account_id, id } = c.var.session;
        const rows = await listSessions(ctx, account_id, { limit: limit + 1, before: cursor });
        const show = (row: ListedSession) => showSession(ctx, c, row, id);
        return c.json(
          paged(rows, limit, (row) => row.id, show),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/sessions/{id}',
        tags: ['Owner'],
        operationId: 'endSession',
        security,
        summary:
          'Ends one of the owner’s sessions at once. Any but the caller’s own asks for a fresh sign-in (ASVS 7.5.2).',
        middleware: [requireOwner(ctx)] as const,
        request: { params: z.object({ id: z.uuid() }) },
        responses: { 204: nothing, ...refusals('unauthorized', 'insufficient-authentication', 'not-found') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const isOwn = id === c.var.session.id;
        await endOwnSession(ctx, isOwn ? holderOf(c.var) : freshHolder(c.var), id);
        if (isOwn) clearRefreshCookie(c);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/sessions/revoke-others',
        tags: ['Owner'],
        operationId: 'endOtherSessions',
        security,
        summary:
          'Ends every session but the caller’s, and every half-done sign-in. Asks for a fresh sign-in (ASVS 7.5.2).',
        middleware: [requireOwner(ctx)] as const,
        responses: { 204: nothing, ...refusals('unauthorized', 'insufficient-authentication') },
      }),
      async (c) => {
        await endOwnSessions(ctx, freshHolder(c.var), 'others');
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/sessions/revoke-all',
        tags: ['Owner'],
        operationId: 'endAllSessions',
        security,
        summary:
          'Ends every session, the caller’s too, and every half-done sign-in. Asks for a fresh sign-in (ASVS 7.5.2).',
        middleware: [requireOwner(ctx)] as const,
        responses: { 204: nothing, ...refusals('unauthorized', 'insufficient-authentication') },
      }),
      async (c) => {
        await endOwnSessions(ctx, freshHolder(c.var), 'all');
        clearRefreshCookie(c);
        return c.body(null, 204);
      },
    );
}

function showSession(ctx: Context, c: HonoContext<Env>, row: ListedSession, currentId: string) {
  const { place, device } = describeClient(ctx, row, c.var.client.locale);
  return {
    id: row.id,
    current: row.id === currentId,
    createdAt: row.created_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    ip: row.ip,
    place,
    device: { id: row.device_id, ...device },
    acr: row.acr,
    amr: row.amr,
  };
}
