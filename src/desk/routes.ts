import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import { statuses } from '../approvals/rules.ts';
import type { Context } from '../context.ts';
import { answer, body, nothing, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import * as schemas from '../schemas.ts';
import { doors, proving } from '../second-factors/doors.ts';
import * as desk from './desk.ts';

const security = [{ agent: [] }];
const account = { params: z.object({ id: z.uuid() }) };
const Found = z
  .object({
    id: z.uuid(),
    email: z.string(),
    username: z.string().nullable(),
    phone: z.string().nullable(),
    phoneConfirmed: z.boolean(),
    createdAt: schemas.instant,
  })
  .openapi('FoundAccount', { description: 'Masked' });
const noted = body(z.strictObject({ note: schemas.note, caseId: z.uuid().optional() }));

const Seen = z.object({
  id: z.uuid(),
  since: schemas.instant,
  lastSeenAt: schemas.instant,
  ip: z.string().nullable(),
  device: z.string().nullable(),
});

const Lockout = z
  .object({
    factor: z.enum(['password', ...doors]),
    purpose: z.enum(proving),
    identifier: z.string().nullable().openapi({ description: 'Whose counter strangers share' }),
    deviceId: z.uuid().nullable().openapi({ description: 'The known device whose counter it is; null for strangers' }),
    failures: z.int(),
    locks: z.int().openapi({ description: 'How often it was locked since it was last quiet for a day' }),
    lockedUntil: schemas.instant.nullable(),
  })
  .openapi('Lockout');

const AccountPage = z
  .object({
    ...schemas.accountFields,
    emailDisposable: z
      .boolean()
      .openapi({ description: 'A mailbox of a provider that gives them away for minutes: a signal' }),
    secondFactor: z.object({ totp: z.boolean(), passkeys: z.int(), sms: z.boolean(), recoveryCodesLeft: z.int() }),
    holds: z.array(schemas.fullHold),
    lockouts: z.array(Lockout),
    credential: z
      .object({
        consecutiveFailures: z.int(),
        disabledAt: schemas.instant.nullable().openapi({ description: 'Since when it opens nothing until a reset' }),
        changeRequiredAt: schemas.instant.nullable(),
      })
      .nullable(),
    authenticators: z.array(
      z.object({
        id: z.uuid(),
        name: z.string(),
        consecutiveFailures: z.object({ strangers: z.int(), knownDevices: z.int() }),
        disabledAt: schemas.instant.nullable().openapi({ description: 'Since when it must be bound anew' }),
      }),
    ),
    secondFactorReset: z
      .object({
        approvalId: z.uuid(),
        status: z.enum(statuses),
        caseId: z.uuid().nullable(),
        requestedBy: z.uuid(),
        requestedAt: schemas.instant,
        effectiveAt: schemas.instant.nullable(),
      })
      .nullable()
      .openapi({ description: 'The one that waits for a second agent or for its time' }),
    sessions: z.array(Seen),
    devices: z.array(Seen),
    cases: z.array(
      z.object({
        id: z.uuid(),
        reference: z.string(),
        kind: z.string(),
        priority: z.string(),
        status: z.enum(['open', 'closed']),
      }),
    ),
  })
  .openapi('AccountPage');

/** Accounts as agents work on them. */
export function deskRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'get',
        path: '/accounts',
        tags: ['Agent'],
        operationId: 'searchAccounts',
        security,
        summary:
          'Finds accounts by whole e-mail, username, phone, id, external id, transaction id or IP; masked, and noted.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: { query: z.strictObject({ q: z.string().trim().min(3).max(254) }) },
        responses: {
          200: answer('Accounts', z.object({ items: z.array(Found), nextCursor: schemas.nextCursor })),
          ...refusals('unauthorized', 'forbidden'),
        },
      }),
      async (c) =>
        c.json(
          { items: await desk.search(ctx, c.req.valid('query').q, c.var.agent, c.var.client), nextCursor: null },
          200,
        ),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/accounts/{id}',
        tags: ['Agent'],
        operationId: 'getAccountPage',
        security,
        summary: 'One page of everything about an account. Reading it is an event.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: account,
        responses: { 200: answer('The account', AccountPage), ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => c.json(await desk.openAccountPage(ctx, c.req.valid('param').id, c.var.agent, c.var.client), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/accounts/{id}/unlock',
        tags: ['Agent'],
        operationId: 'unlockAccount',
        security,
        summary:
          'Opens every lock that guessing put on its password and codes. Holds stay, and so does what was disabled for good.',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: { ...account, ...noted },
        responses: { 204: nothing, ...refusals('unauthorized', 'forbidden', 'not-found') },
      }),
      async (c) => {
        await desk.unlock(ctx, c.req.valid('param').id, c.req.valid('json'), c.var.agent, c.var.client);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/accounts/{id}/revoke-sessions',
        tags: ['Agent'],
        operationId: 'revokeSessions',
        security,
        summary: 'Ends every session and forgets every device of an account (ASVS 7.4.5).',
        middleware: [requireAgent(ctx, 'agent'), idempotent(ctx)] as const,
        request: { ...account, ...noted },
        responses: {
          200: answer('Done', z.object({ ended: z.int() })),
          ...refusals('unauthorized', 'forbidden', 'not-found'),
        },
      }),
      async (c) =>
        c.json(
          {
            ended: await desk.revokeSessions(
              ctx,
              c.req.valid('param').id,
              c.req.valid('json'),
              c.var.agent,
              c.var.client,
            ),
          },
          200,
        ),
    );
}
