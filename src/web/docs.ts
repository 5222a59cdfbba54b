import { readFile } from 'node:fs/promises';
import { html } from 'hono/html';
import type { Context } from '../context.ts';
import { type Router, router } from '../http.ts';
import { Problem } from '../problem.ts';
import type { Assets } from './assets.ts';
import { filesPolicy } from './layout.ts';

const contract = new URL('../../openapi.yaml', import.meta.url);

/** The contract to read and to try, outside production only (ASVS 13.4.5). Nothing comes from elsewhere. */
export function docsRoutes(ctx: Context, { urlOf }: Assets): Router {
  const routes = router();
  if (ctx.config.production) return routes;
  routes.get('/docs', (c) => {
    // Swagger UI writes HTML itself, so Trusted Types would stop it; inline code and other origins stay forbidden.
    c.header('content-security-policy', filesPolicy);
    return c.html(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · ${ctx.config.serviceName}</title>
<link rel="icon" href="${urlOf('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${urlOf('swagger-ui.css')}">
<script defer src="${urlOf('swagger-ui-bundle.js')}"></script>
<script type="module" src="${urlOf('docs.js')}"></script>
</head>
<body>
<noscript>The contract itself: <a href="/openapi.yaml">openapi.yaml</a></noscript>
<div id="docs"></div>
</body>
</html>
`);
  });
  routes.get('/openapi.yaml', async (c) => {
    const yaml = await readFile(contract, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw new Problem('not-found');
      throw error;
    });
    const here = yaml.replace(/^( *- url: ).*$/m, `$1${ctx.config.publicUrl}`);
    return c.body(here, 200, { 'content-type': 'application/yaml; charset=utf-8' });
  });
  return routes;
}
