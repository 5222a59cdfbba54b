import { createRoute, z } from '@hono/zod-openapi';
import { findAccount } from '../accounts/accounts.ts';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { answer, type Router, refusals, router } from '../http.ts';
import * as schemas from '../schemas.ts';
import { requireOwner } from '../sessions/guards.ts';
import { exportAccount } from './export.ts';

const list = z.array(z.record(z.string(), z.unknown()));

const AccountExport = z
  .object({
    exportedAt: schemas.instant,
    account: z.record(z.string(), z.unknown()),
    identifiers: list,
    contactChanges: list,
    noticeAddresses: list,
    secondFactors: list,
    devices: list,
    holds: list,
    cases: list,
    grants: list,
    caseContacts: list,
    caseEvidence: list,
    verifications: list,
    approvals: list,
    appeals: list,
    feedback: list,
    confirmedReports: list,
    receipts: list,
    sessions: list,
    messages: list,
    transactions: list,
    mails: list,
    activity: list,
  })
  .openapi('AccountExport', {
    description: 'Everything held about the person: no secret, nobody else’s data, no notes among agents, no scores',
  });

/** A stream typed as what it holds: Hono knows no other way to say so. */
function stream(pieces: AsyncGenerator<string>, accountId: string) {
  const headers = {
    'content-type': 'application/json; charset=UTF-8',
    'content-disposition': `attachment; filename="account-${accountId}.json"`,
  };
  const encoder = new TextEncoder();
  const bytes = ReadableStream.from(pieces).pipeThrough(
    new TransformStream<string, Uint8Array>({ transform: (piece, out) => out.enqueue(encoder.encode(piece)) }),
  );
  return new Response(bytes, { headers }) as never;
}

export function hostExportRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/accounts/{id}/export',
      tags: ['Host'],
      operationId: 'exportAccount',
      security: [{ apiKey: [] }],
      summary: 'Everything held about one person as JSON (GDPR 15). Scope `accounts:export`.',
      middleware: [requireApiKey(ctx, 'accounts:export')] as const,
      request: { params: z.object({ id: z.string().min(1).max(220) }) },
      responses: {
        200: answer('The export', AccountExport),
        ...refusals('unauthorized', 'forbidden', 'not-found'),
      },
    }),
    async (c) => {
      const { id } = await findAccount(ctx, c.req.valid('param').id);
      await ctx.limits.takeForAccount('export', `${c.var.apiKey.id} ${id}`);
      const actor = { kind: 'host', id: c.var.apiKey.id } as const;
      return stream(await exportAccount(ctx, id, { actor, by: 'host', client: c.var.client }), id);
    },
  );
}

export function ownerExportRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/export',
      tags: ['Owner'],
      operationId: 'exportMe',
      security: [{ owner: [] }],
      summary: 'Everything held about oneself as JSON (GDPR 15, 20). Asks for a recent sign-in.',
      middleware: [requireOwner(ctx)] as const,
      responses: {
        200: answer('The export', AccountExport),
        ...refusals('unauthorized', 'insufficient-authentication', 'too-many-requests'),
      },
    }),
    async (c) => {
      const { session, client } = c.var;
      const { account_id: id } = session;
      await ctx.limits.takeForAccount('export', id);
      return stream(await exportAccount(ctx, id, { actor: { kind: 'owner', id }, by: 'owner', client }), id);
    },
  );
}
