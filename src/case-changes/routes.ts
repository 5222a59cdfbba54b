import { createRoute, z } from '@hono/zod-openapi';
import type { Context as HonoContext } from 'hono';
import { requireAgent } from '../agents/guard.ts';
import type { Power } from '../agents/rules.ts';
import { mergeCase } from '../case-work/merge.ts';
import { decideRefund, outcomes, resolveCase } from '../case-work/resolve.ts';
import { AgentCase, Contact, channel, party, showAgentCase, showContact } from '../case-work/schemas.ts';
import { logContact, writeToOwner } from '../case-work/speak.ts';
import { addNote, assignCase, claimCase, snoozeCase, type Worker } from '../case-work/work.ts';
import type { AnyCaseRow } from '../cases/cases.ts';
import { Message, showMessage } from '../cases/schemas.ts';
import type { Context } from '../context.ts';
import { answer, body, type Env, type Guard, type Router, refusals, router } from '../http.ts';
import { idempotent } from '../idempotency/guard.ts';
import type { ProblemCode } from '../problem.ts';
import * as schemas from '../schemas.ts';

const words = z.string().trim().min(1).max(8000);

/** What agents do with a case. Each call is an event of the case. */
export function caseChangeRoutes(ctx: Context): Router {
  const show = (row: AnyCaseRow) => showAgentCase(row, ctx.clock.now());
  return router()
    .openapi(
      createRoute({
        ...changing(ctx, 'claim', 'claimCase', 'Takes a case that nobody has: of many at once, one gets it.'),
        request: one,
        responses: { 200: answer('Yours', AgentCase), ...refused('case-claimed', 'second-person-required') },
      }),
      async (c) => c.json(show(await claimCase(ctx, workerOf(c))), 200),
    )
    .openapi(
      createRoute({
        ...changing(ctx, 'assign', 'assignCase', 'Gives a case to an agent, or with null to nobody.', 'lead'),
        request: { ...one, ...body(z.strictObject({ agentId: z.uuid().nullable() })) },
        responses: { 200: answer('The case', AgentCase), ...refused('second-person-required') },
      }),
      async (c) => c.json(show(await assignCase(ctx, workerOf(c), c.req.valid('json').agentId)), 200),
    )
    .openapi(
      createRoute({
        ...changing(ctx, 'notes', 'addCaseNote', 'Writes something down for other agents; its owner never sees it.'),
        request: { ...one, ...body(z.strictObject({ note: words })) },
        responses: { 201: answer('Written', Message), ...refused() },
      }),
      async (c) => c.json(showMessage(await addNote(ctx, workerOf(c), c.req.valid('json').note)), 201),
    )
    .openapi(
      createRoute({
        ...changing(ctx, 'messages', 'writeToOwner', 'Writes to the owner, who is mailed that something was said.'),
        request: { ...one, ...body(z.strictObject({ message: words })) },
        responses: { 201: answer('Said', Message), ...refused() },
      }),
      async (c) => c.json(showMessage(await writeToOwner(ctx, workerOf(c), c.req.valid('json').message)), 201),
    )
    .openapi(
      createRoute({
        ...changing(ctx, 'contacts', 'logContact', 'Writes down who was spoken to, how, and what was agreed.'),
        request: {
          ...one,
          ...body(z.strictObject({ channel, party: party.default('owner'), summary: words, agreed: words.optional() })),
        },
        responses: { 201: answer('Written', Contact), ...refused() },
      }),
      async (c) => c.json(showContact(await logContact(ctx, workerOf(c), c.req.valid('json'))), 201),
    )
    .openapi(
      createRoute({
        ...changing(
          ctx,
          'snooze',
          'snoozeCase',
          'Sets a case aside until then, never past what is promised; null ends it.',
        ),
        request: { ...one, ...body(z.strictObject({ until: z.iso.datetime({ offset: true }).nullable() })) },
        responses: { 200: answer('The case', AgentCase), ...refused() },
      }),
      async (c) => {
        const { until } = c.req.valid('json');
        return c.json(show(await snoozeCase(ctx, workerOf(c), until === null ? null : new Date(until))), 200);
      },
    )
    .openapi(
      createRoute({
        ...changing(ctx, 'merge', 'mergeCase', 'Puts an open case into another of the same account; answers that one.'),
        request: { ...one, ...body(z.strictObject({ into: z.uuid(), note: schemas.note })) },
        responses: { 200: answer('Both in one', AgentCase), ...refused('approval-open') },
      }),
      async (c) => c.json(show(await mergeCase(ctx, workerOf(c), c.req.valid('json'))), 200),
    )
    .openapi(
      createRoute({
        ...changing(ctx, 'refund', 'decideRefund', 'Decides once whether the money is given back (PSD2 73).'),
        request: { ...one, ...body(z.strictObject({ decision: z.enum(['granted', 'refused']), note: schemas.note })) },
        responses: {
          200: answer('The case', AgentCase),
          ...refused('no-refund-due', 'refund-decided', 'second-person-required'),
        },
      }),
      async (c) => c.json(show(await decideRefund(ctx, workerOf(c), c.req.valid('json'))), 200),
    )
    .openapi(
      createRoute({
        ...changing(ctx, 'resolve', 'resolveCase', 'Ends a case once what its playbook asks for is so.'),
        request: { ...one, ...body(z.strictObject({ outcome: z.enum(outcomes), note: schemas.note })) },
        responses: { 200: answer('Closed', AgentCase), ...refused('step-not-ready', 'second-person-required') },
      }),
      async (c) => c.json(show(await resolveCase(ctx, workerOf(c), c.req.valid('json'))), 200),
    );
}

const one = { params: z.object({ id: z.uuid() }) };

function changing<Path extends string>(
  ctx: Context,
  path: Path,
  operationId: string,
  summary: string,
  power: Power = 'agent',
) {
  return {
    method: 'post' as const,
    path: `/cases/{id}/${path}` as const,
    tags: ['Agent'],
    operationId,
    security: [{ agent: [] }],
    summary,
    middleware: [requireAgent(ctx, power), idempotent(ctx)] as [Guard, Guard],
  };
}

const refused = (...codes: ProblemCode[]) =>
  refusals('unauthorized', 'forbidden', 'not-found', 'case-closed', ...codes);

function workerOf(c: HonoContext<Env>): Worker {
  return { caseId: c.req.param('id') ?? '', agentId: c.var.agent.agent_id, client: c.var.client };
}
