import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from '../context.ts';
import { setDeviceCookie } from '../cookies.ts';
import { publicHold } from '../holds/gate.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { deviceName } from '../notices/device-name.ts';
import * as schemas from '../schemas.ts';
import { describeLink, pressLink } from './use-link.ts';

const purpose = z.enum([
  'undo-contact-change',
  'veto',
  'confirm-contact',
  'confirm-notice-address',
  'freeze-account',
  'unlock-sign-in',
  'confirm-email',
  'reset-password',
  'case-access',
  'confirm-report',
  'recovery',
]);
const EventView = z.object({
  id: z.uuid(),
  type: z.string(),
  at: schemas.instant,
  ip: z.string().nullable(),
  device: z.string().nullable(),
});

export function linkRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/link',
        tags: ['Anyone'],
        operationId: 'describeLink',
        summary: 'What a mailed link would do. Changes nothing, so scanners may look.',
        request: body(z.strictObject({ token: schemas.token })),
        responses: {
          200: answer('Its purpose and the event it came from', z.object({ purpose, event: EventView })),
          ...refusals('invalid-token', 'too-many-requests'),
        },
      }),
      async (c) => {
        await ctx.limits.takeForAddress('other', c.var.client.ip);
        const { purpose, event } = await describeLink(ctx, c.req.valid('json').token);
        return c.json(
          {
            purpose,
            event: {
              id: event.id,
              type: event.type,
              at: event.at.toISOString(),
              ip: event.ip,
              device: deviceName(event.user_agent) ?? null,
            },
          },
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/link/use',
        tags: ['Anyone'],
        operationId: 'useLink',
        summary:
          'Presses a mailed link: freezes the account, makes this browser a known device, undoes a change of contact, stops what support announced, or stands by a report. Acts once.',
        request: body(z.strictObject({ token: schemas.token, confirm: z.literal(true), tokens: schemas.tokens })),
        responses: {
          200: answer(
            'What it did',
            z.object({
              hold: schemas.publicHold.optional(),
              receipt: z.string().optional(),
              caseReference: z.string().optional(),
              deviceToken: z.string().optional(),
            }),
          ),
          ...refusals('invalid-token', 'too-many-requests'),
        },
      }),
      async (c) => {
        await ctx.limits.takeOpenly('containment', c.var.client.ip);
        const { token, tokens } = c.req.valid('json');
        const { hold, deviceToken, ...used } = await pressLink(ctx, token, c.var.client);
        const isKept = deviceToken !== undefined && tokens === 'cookie';
        if (isKept) setDeviceCookie(c, deviceToken);
        const shown = { ...used, ...(hold ? { hold: publicHold(hold) } : {}) };
        return c.json(isKept || deviceToken === undefined ? shown : { ...shown, deviceToken }, 200);
      },
    );
}
