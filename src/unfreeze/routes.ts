import { createRoute, z } from '@hono/zod-openapi';
import type { Context as HonoContext } from 'hono';
import type { Context } from '../context.ts';
import { findHolds, publicHold } from '../holds/gate.ts';
import { answer, body, type Env, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireOwnerOrCase } from '../sessions/guards.ts';
import { secondsUntil } from '../time.ts';
import type { Asker } from './proof.ts';
import { confirmUnfreeze, startUnfreeze } from './unfreeze.ts';

const security = [{ owner: [] }, { caseToken: [] }];
const owed = [
  'unauthorized',
  'insufficient-authentication',
  'invalid-code',
  'second-factor-required',
  'account-held',
  'proof-too-new',
  'hold-not-releasable',
  'too-early',
  'too-many-attempts',
  'too-many-requests',
  'busy',
] as const;

export function unfreezeRoutes(ctx: Context): Router {
  const askerOf = (c: HonoContext<Env>): Asker => ({ ...c.var.speaker, client: c.var.client });
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/unfreeze',
        tags: ['Owner'],
        operationId: 'startUnfreeze',
        security,
        summary: 'Begins to lift what the owner holds: a code goes to an address older than the compromise.',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: body(z.strictObject({ code: schemas.code.optional() })),
        responses: {
          202: answer('Mailed', z.object({ expiresIn: z.int().openapi({ description: 'Seconds' }) })),
          ...refusals(...owed),
        },
      }),
      async (c) => {
        const { expiresAt } = await startUnfreeze(ctx, askerOf(c), c.req.valid('json').code);
        return c.json({ expiresIn: secondsUntil(expiresAt, ctx.clock.now()) }, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/unfreeze/confirm',
        tags: ['Owner'],
        operationId: 'confirmUnfreeze',
        security,
        summary:
          'Lifts what the owner holds, with the mailed code and a factor older than the compromise; without a second factor after a delay with a veto.',
        middleware: [requireOwnerOrCase(ctx)] as const,
        request: body(z.strictObject({ mailCode: z.string().trim().min(1).max(64), code: schemas.code.optional() })),
        responses: {
          200: answer(
            'Lifted, or when it will be',
            z.object({ effectiveAt: schemas.instant, holds: z.array(schemas.publicHold) }),
          ),
          ...refusals(...owed),
        },
      }),
      async (c) => {
        const asker = askerOf(c);
        const { effectiveAt } = await confirmUnfreeze(ctx, asker, c.req.valid('json'));
        const holds = await findHolds(ctx.urgentDb, asker.accountId, ctx.clock.now());
        return c.json({ effectiveAt: effectiveAt.toISOString(), holds: holds.map(publicHold) }, 200);
      },
    );
}
