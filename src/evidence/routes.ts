import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { readUpTo } from '../frame.ts';
import { answer, type Router, refusals, router } from '../http.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';
import { addFile, addWords, type EvidenceRow, listEvidence, MOST_BYTES, readFile } from './evidence.ts';
import { mediaTypes } from './file-type.ts';

const security = [{ agent: [] }];
const one = z.object({ id: z.uuid() });
const title = z.string().trim().min(1).max(200);
const words = z.string().trim().min(1).max(8000);
const Words = z.union([
  z.strictObject({ text: words, title: title.optional() }),
  z.strictObject({ reference: words, title: title.optional() }),
]);
const binary = z.string().openapi({ format: 'binary' });

const Evidence = z
  .object({
    id: z.uuid(),
    kind: z.enum(['text', 'reference', 'file']),
    title: z.string(),
    body: z.string().nullable(),
    mediaType: z.enum(mediaTypes).nullable(),
    size: z.int().nullable().openapi({ description: 'Bytes' }),
    sha256: z.string(),
    by: z.uuid(),
    at: schemas.instant,
  })
  .openapi('Evidence');

export function evidenceRoutes(ctx: Context): Router {
  return router()
    .openapi(
      createRoute({
        method: 'post',
        path: '/cases/{id}/evidence',
        tags: ['Agent'],
        operationId: 'addEvidence',
        security,
        summary: `Keeps a text or a reference (JSON), or a file as the body itself: PNG, JPEG, WebP, PDF or text, up to 5 MiB, judged by its bytes.`,
        middleware: [requireAgent(ctx, 'agent')] as const,
        request: {
          params: one,
          query: z.strictObject({ name: title.optional().openapi({ description: 'What a file is kept under' }) }),
          body: {
            content: {
              'application/json': { schema: Words },
              ...Object.fromEntries(mediaTypes.map((type) => [type, { schema: binary }])),
            },
          },
        },
        responses: {
          201: answer('Kept', Evidence),
          ...refusals(
            'unauthorized',
            'forbidden',
            'not-found',
            'case-closed',
            'too-much-evidence',
            'body-too-large',
            'unsupported-media-type',
          ),
        },
      }),
      async (c) => {
        const { agent, client } = c.var;
        const adder = { caseId: c.req.valid('param').id, agentId: agent.agent_id, client };
        if (isJson(c.req.header('content-type'))) {
          const given = c.req.valid('json') as z.infer<typeof Words>;
          const kind = 'text' in given ? 'text' : 'reference';
          const body = 'text' in given ? given.text : given.reference;
          return c.json(show(await addWords(ctx, adder, { kind, title: given.title ?? kind, body })), 201);
        }
        const bytes = Buffer.from(await readUpTo(c.req.raw, MOST_BYTES));
        if (bytes.length === 0) throw new Problem('malformed-json');
        return c.json(show(await addFile(ctx, adder, c.req.valid('query').name ?? 'file', bytes)), 201);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/cases/{id}/evidence',
        tags: ['Agent'],
        operationId: 'listEvidence',
        security,
        summary: 'What a case holds, with hashes and without the bytes.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: { params: one },
        responses: {
          200: answer('Evidence', z.object({ items: z.array(Evidence) })),
          ...refusals('unauthorized', 'forbidden', 'not-found'),
        },
      }),
      async (c) => {
        const rows = await listEvidence(ctx, c.req.valid('param').id);
        return c.json({ items: rows.map(show) }, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/cases/{id}/evidence/{evidenceId}',
        tags: ['Agent'],
        operationId: 'downloadEvidence',
        security,
        summary: 'A file as it came, to be saved and never shown in place. Reading it is an event.',
        middleware: [requireAgent(ctx, 'read')] as const,
        request: { params: one.extend({ evidenceId: z.uuid() }) },
        responses: {
          200: { description: 'The bytes', content: { 'application/octet-stream': { schema: binary } } },
          ...refusals('unauthorized', 'forbidden', 'not-found'),
        },
      }),
      async (c) => {
        const { id: caseId, evidenceId } = c.req.valid('param');
        const { agent, client } = c.var;
        const file = await readFile(ctx, { caseId, agentId: agent.agent_id, client }, evidenceId);
        return new Response(new Uint8Array(file.content), { headers: inert(evidenceId) }) as never;
      },
    );
}

/** Nothing of what somebody sent runs or is shown here (ASVS 3.2.1, 5.4.2). */
function inert(id: string): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="evidence-${id}"`,
    'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
  };
}

function isJson(type: string | undefined): boolean {
  return /^application\/json\s*(;|$)/i.test(type ?? '');
}

function show(row: EvidenceRow) {
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    body: row.body,
    mediaType: row.media_type,
    size: row.size,
    sha256: row.sha256.toString('hex'),
    by: row.added_by,
    at: row.added_at.toISOString(),
  };
}
