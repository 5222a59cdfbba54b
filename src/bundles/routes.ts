import { createRoute, z } from '@hono/zod-openapi';
import { requireAgent } from '../agents/guard.ts';
import type { Context } from '../context.ts';
import { answer, type Router, refusals, router } from '../http.ts';
import { gatherBundle } from './bundle.ts';
import { bundlePage, STYLE } from './page.ts';
import { BundleView, showBundle, styleHash } from './schemas.ts';

const html = z.string().openapi({ description: 'A page to print, in the language asked for' });

export function bundleRoutes(ctx: Context): Router {
  return router().openapi(
    createRoute({
      method: 'get',
      path: '/cases/{id}/bundle',
      tags: ['Agent'],
      operationId: 'getCaseBundle',
      security: [{ agent: [] }],
      summary: 'Everything of a case for whoever decides elsewhere: JSON, or with `Accept: text/html` a page to print.',
      middleware: [requireAgent(ctx, 'read')] as const,
      request: { params: z.object({ id: z.uuid() }) },
      responses: {
        200: {
          description: 'The bundle',
          content: { ...answer('', BundleView).content, 'text/html': { schema: html } },
        },
        ...refusals('unauthorized', 'forbidden', 'not-found'),
      },
    }),
    async (c) => {
      const { agent, client } = c.var;
      const worker = { caseId: c.req.valid('param').id, agentId: agent.agent_id, client };
      const bundle = await gatherBundle(ctx, worker);
      if (!/\btext\/html\b/i.test(c.req.header('accept') ?? '')) return c.json(showBundle(bundle), 200) as never;
      c.header('content-security-policy', pagePolicy);
      c.header('content-language', client.locale);
      return c.html(bundlePage(bundle, client.locale, ctx.config.serviceName, ctx.policy['hours.zone'])) as never;
    },
  );
}

/** Nothing runs, nothing is loaded, nothing is sent; one style, by its hash. */
const pagePolicy = `default-src 'none'; style-src ${styleHash(STYLE)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox`;
