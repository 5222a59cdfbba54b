import { createRoute, z } from '@hono/zod-openapi';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import { tellEvents } from './host-events.ts';

const MOST = 500;
const MOST_DATA = 20;

const words = z.string().trim().min(1).max(300);
const HostEvent = z
  .strictObject({
    id: z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters')
      .openapi({ description: 'Yours: told again under it, nothing happens' }),
    accountId: z.string().min(1).max(220).openapi({ description: 'An id, or `external:…`' }),
    type: z
      .string()
      .max(64)
      .regex(/^[a-z][a-z0-9]*([.-][a-z0-9]+)*$/, 'must be words such as `payee.added`')
      .openapi({ example: 'payee.added' }),
    at: z.iso
      .datetime({ offset: true })
      .transform((text) => new Date(text))
      .openapi({ format: 'date-time' }),
    ip: z.union([z.ipv4(), z.ipv6()]).optional(),
    userAgent: z.string().max(400).optional(),
    deviceId: z.uuid().optional(),
    sessionId: z.uuid().optional(),
    text: z
      .strictObject({ en: words.optional(), 'zh-CN': words.optional() })
      .optional()
      .openapi({ description: 'What the owner reads of it' }),
    data: z
      .record(
        z.string().regex(/^[A-Za-z][\w.-]{0,63}$/, 'must be a name'),
        z.union([z.string().max(500), z.number(), z.boolean()]),
      )
      .refine((data) => Object.keys(data).length <= MOST_DATA, `must have at most ${MOST_DATA} members`)
      .optional()
      .openapi({ description: 'Shown to the owner beside the text' }),
    hostile: z
      .boolean()
      .default(false)
      .openapi({ description: 'Whether you take it for an attack: agents look into it, the owner is not told so' }),
  })
  .openapi('HostEvent');

/** What the host's own application saw of its accounts. */
export function hostEventRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/events',
      tags: ['Host'],
      operationId: 'tellEvents',
      security: [{ apiKey: [] }],
      summary:
        'Adds up to 500 events that the host saw itself to its accounts’ activity: all, or none where one is bad. Each once by its id. Scope `events:write`.',
      middleware: [requireApiKey(ctx, 'events:write'), idempotent(ctx)] as const,
      request: body(z.strictObject({ events: z.array(HostEvent).min(1).max(MOST) })),
      responses: {
        202: answer(
          'Taken',
          z.object({
            accepted: z.int(),
            known: z.int().openapi({ description: 'Told before, and passed over' }),
          }),
        ),
        ...refusals('unauthorized', 'forbidden', 'body-too-large'),
      },
    }),
    async (c) => {
      const teller = { apiKeyId: c.var.apiKey.id, requestId: c.var.client.requestId };
      return c.json(await tellEvents(ctx, c.req.valid('json').events, teller), 202);
    },
  );
}
