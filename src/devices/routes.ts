import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { clearDeviceCookie, clearRefreshCookie } from '../cookies.ts';
import { answer, nothing, page, paged, type Router, refusals, router } from '../http.ts';
import type { Locale } from '../languages/languages.ts';
import * as schemas from '../schemas.ts';
import { requireOwner } from '../sessions/guards.ts';
import { freshHolder } from '../sessions/holder.ts';
import { describeClient } from '../sessions/list.ts';
import { type ListedDevice, listDevices, removeDevice } from './own-devices.ts';

const Device = schemas.device
  .extend({
    id: z.uuid(),
    current: z.boolean(),
    createdAt: schemas.instant,
    lastSeenAt: schemas.instant,
    ip: z.string().nullable(),
    place: schemas.place.nullable(),
  })
  .openapi('Device', { description: 'A browser or phone that has signed in with every required factor' });

const security = [{ owner: [] }];

export function deviceRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/devices',
        tags: ['Owner'],
        operationId: 'listDevices',
        security,
        summary: 'The browsers and phones the account is known by, newest first.',
        middleware: [requireOwner(ctx)] as const,
        request: { query: page.extend({ cursor: z.uuid().optional() }) },
        responses: {
          200: answer('Known devices', z.object({ items: z.array(Device), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized'),
        },
      }),
      async (c) => {
        const { limit, cursor } = c.req.valid('query');
        const { account_id, device_id } = c.var.session;
        const rows = await listDevices(ctx, account_id, { limit: limit + 1, before: cursor });
        const show = (row: ListedDevice) => showDevice(ctx, row, device_id, c.var.client.locale);
        return c.json(
          paged(rows, limit, (row) => row.id, show),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/devices/{id}',
        tags: ['Owner'],
        operationId: 'removeDevice',
        security,
        summary: 'Forgets a device and ends its sessions at once. Asks for a fresh sign-in (ASVS 6.5.6, 7.5.2).',
        middleware: [requireOwner(ctx)] as const,
        request: { params: z.object({ id: z.uuid() }) },
        responses: { 204: nothing, ...refusals('unauthorized', 'insufficient-authentication', 'not-found') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const holder = freshHolder(c.var);
        await removeDevice(ctx, holder, id);
        if (id === holder.deviceId) {
          clearRefreshCookie(c);
          clearDeviceCookie(c);
        }
        return c.body(null, 204);
      },
    );
}

function showDevice(ctx: Context, row: ListedDevice, currentId: string | null, locale: Locale) {
  const { place, device } = describeClient(ctx, row, locale);
  return {
    id: row.id,
    current: row.id === currentId,
    ...device,
    createdAt: row.created_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    ip: row.ip,
    place,
  };
}
