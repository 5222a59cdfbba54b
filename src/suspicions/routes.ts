import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, type Router, refusals, router } from '../http.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';
import { DAY, plus } from '../time.ts';
import { countRules } from './counts.ts';
import { ruleIds } from './rules.ts';

const LATELY = 30 * DAY;

const instant = z.iso.datetime({ offset: true }).optional();
const CountedRule = z
  .object({
    id: z.enum(ruleIds),
    reason: z.string(),
    mode: z.string().openapi({ description: '`live`, `shadow` or `off`' }),
    freezes: z.boolean().openapi({ description: 'Whether it freezes by itself until an agent confirms' }),
    matched: z.int(),
    opened: z.int(),
    joined: z.int().openapi({ description: 'Matches that added to a case which was open' }),
    heldBack: z.int().openapi({ description: 'Matches past the limit per hour, which left only an event' }),
    frozen: z.int(),
    confirmed: z.int().openapi({ description: 'Its cases that agents closed as confirmed' }),
    falsePositives: z.int(),
  })
  .openapi('CountedRule');

export function ruleRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/rules',
      tags: ['Agent'],
      operationId: 'listRules',
      security: [{ agent: [] }],
      summary: 'The rules by which cases open by themselves, what each did and whether it was right; the last 30 days.',
      middleware: [requireAgent(ctx, 'lead')] as const,
      request: { query: z.strictObject({ from: instant, to: instant }) },
      responses: {
        200: answer('The rules', z.object({ from: schemas.instant, to: schemas.instant, items: z.array(CountedRule) })),
        ...refusals('unauthorized', 'forbidden'),
      },
    }),
    async (c) => {
      const query = c.req.valid('query');
      const to = query.to === undefined ? plus(ctx.clock.now(), 1) : new Date(query.to);
      const from = query.from === undefined ? plus(to, -LATELY) : new Date(query.from);
      if (from >= to) {
        throw new Problem('invalid-request', { errors: [{ pointer: '/from', detail: 'must come before `to`' }] });
      }
      return c.json({ from: from.toISOString(), to: to.toISOString(), items: await countRules(ctx, from, to) }, 200);
    },
  );
}
