import { createRoute, z } from '@hono/zod-openapi';
import { requireApiKey } from '../api-keys/guard.ts';
import type { Context } from '../context.ts';
import { bearer, type Router, refusals, router } from '../http.ts';
import { openStream } from './stream.ts';

const description = `Server-sent events. Each message is \`{ accountId, sessionId?, at, reason }\`: this session, or
without \`sessionId\` everything the account had by then, is over. Messages come at least once; \`key-revoked\` with
\`{ keyId, at }\` takes back all that a signing key signed. \`ready\` carries
\`{ heartbeatMs, windowMs }\`: everything before is told, and a verifier can forget what is older than \`windowMs\`. A
comment comes as heartbeat; a stream without it for longer is stale. \`Last-Event-ID\` resumes with nothing missed, for
24 hours; past that \`reset\` comes first and the stream starts anew.`;

export function revocationRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/revocations',
      tags: ['Host'],
      operationId: 'streamRevocations',
      security: [{ apiKey: [] }],
      summary: 'What is revoked, as it happens. Scope `sessions:read`.',
      middleware: [requireApiKey(ctx, 'sessions:read')] as const,
      request: { headers: z.object({ 'last-event-id': z.string().max(4000).optional() }) },
      responses: {
        200: { description, content: { 'text/event-stream': { schema: z.string() } } },
        ...refusals('unauthorized', 'forbidden', 'too-many-requests'),
      },
    }),
    async (c) => {
      const stream = await openStream(ctx, {
        apiKey: { id: c.var.apiKey.id, token: bearer(c) },
        lastEventId: c.req.header('last-event-id'),
        cut: () => c.env?.outgoing?.destroy?.(),
      });
      return c.body(stream, 200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    },
  );
}
