import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, body, type Router, refusals, router } from '../http.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';
import { requireOwner } from '../sessions/guards.ts';
import { holderOf } from '../sessions/holder.ts';
import { type Claim, listClaims } from './claims.ts';
import { confirmOwnReport } from './confirm.ts';
import { readProgress, reportAnonymously } from './reports.ts';

const kind = z.enum(['takeover', 'unauthorised-transaction', 'scam', 'locked-out', 'complaint']);
const reference = z.string().regex(/^HF-[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$/, 'must look like HF-2345-ABCD');

export function reportRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/report',
        tags: ['Anyone'],
        operationId: 'reportAnonymously',
        summary:
          'Reports that something is wrong with an account: signed out, locked and frozen alike. Places no hold; the owner confirms it from a mail. The answer never tells whether there is such an account (ASVS 6.3.8).',
        request: body(
          z.strictObject({
            identifier: z.string().min(1).max(254),
            kind,
            message: z.string().trim().min(1).max(8000),
            contact: z.string().trim().min(1).max(254).openapi({
              description: 'How to reach the reporter: shown to agents as a claim, never written to',
            }),
            channel: z.enum(['web', 'mail', 'chat', 'phone', 'social']).optional().openapi({
              description: 'Where it came in, if not here',
            }),
          }),
        ),
        responses: {
          202: answer('Received', z.object({ reference: z.string(), receipt: z.string(), respondBy: schemas.instant })),
          ...refusals('too-many-requests'),
        },
      }),
      async (c) => {
        await ctx.limits.takeOpenly('report', c.var.client.ip);
        const { respondBy, ...given } = await reportAnonymously(ctx, c.req.valid('json'), c.var.client);
        return c.json({ ...given, respondBy: respondBy.toISOString() }, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/report/progress',
        tags: ['Anyone'],
        operationId: 'readReportProgress',
        summary:
          'What a report’s receipt says and whether its promise has come due: read from the receipt alone, so that it tells nothing of the account.',
        request: body(z.strictObject({ reference, receipt: z.string().min(1).max(4096) })),
        responses: {
          200: answer(
            'As received',
            z.object({
              kind,
              status: z.enum(['received', 'due']),
              receivedAt: schemas.instant,
              respondBy: schemas.instant,
            }),
          ),
          ...refusals('invalid-token', 'too-many-requests'),
        },
      }),
      async (c) => {
        await ctx.limits.takeForAddress('other', c.var.client.ip);
        const progress = await readProgress(ctx, c.req.valid('json'));
        if (!progress) throw new Problem('invalid-token');
        return c.json({ ...progress, kind: kind.parse(progress.kind) }, 200);
      },
    );
}

export function ownerReportRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'post',
      path: '/reports/confirm',
      tags: ['Owner'],
      operationId: 'confirmReport',
      security: [{ owner: [] }],
      summary: 'Stands by what one reported signed out: verified and urgent from now on, as by the mailed link.',
      middleware: [requireOwner(ctx)] as const,
      request: body(z.strictObject({ reference })),
      responses: {
        200: answer('Confirmed', z.object({ receipt: z.string(), caseReference: z.string() })),
        ...refusals('unauthorized', 'not-found', 'account-held', 'too-many-requests'),
      },
    }),
    async (c) => {
      await ctx.limits.takeForAddress('other', c.var.client.ip);
      return c.json(await confirmOwnReport(ctx, holderOf(c.var), c.req.valid('json').reference), 200);
    },
  );
}

const ClaimView = z
  .object({
    id: z.uuid(),
    reference: z.string(),
    kind,
    message: z.string(),
    contact: z.string(),
    channel: z.string().nullable(),
    receivedAt: schemas.instant,
    confirmedAt: schemas.instant.nullable().openapi({ description: 'When the owner said that it was they' }),
  })
  .openapi('Claim', {
    description:
      'What somebody said who proved nothing: `contact` is theirs to claim, never a way to verify or to notify',
  });

export function agentReportRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/cases/{id}/claims',
      tags: ['Agent'],
      operationId: 'listClaims',
      security: [{ agent: [] }],
      summary: 'What was reported in this case by somebody who proved nothing.',
      middleware: [requireAgent(ctx, 'read')] as const,
      request: { params: z.object({ id: z.uuid() }) },
      responses: {
        200: answer('Claims', z.object({ items: z.array(ClaimView) })),
        ...refusals('unauthorized', 'forbidden', 'not-found'),
      },
    }),
    async (c) => {
      const items = await listClaims(ctx, c.req.valid('param').id, c.var.agent.agent_id, c.var.client);
      return c.json({ items: items.map(showClaim) }, 200);
    },
  );
}

function showClaim(row: Claim) {
  const { id, reference, kind, message, contact, channel } = row;
  const at = { receivedAt: row.received_at.toISOString(), confirmedAt: row.confirmed_at?.toISOString() ?? null };
  return { id, reference, kind, message, contact, channel, ...at };
}
