import { html } from 'hono/html';
import { type Router, router } from '../http.ts';
import { Problem, type ProblemCode, problems } from '../problem.ts';
import type { ShowPage } from './layout.ts';
import type { View } from './page.ts';

/** The page that `type` of every problem points at (RFC 9457 section 3.1.1): what it means, what to do. */
export function problemRoutes(show: ShowPage): Router {
  const routes = router();
  routes.get('/problems/:code', (c) => {
    const code = c.req.param('code');
    if (!isProblemCode(code)) throw new Problem('not-found');
    return show(c, { title: `problem.${code}`, content: (view) => describe(view, code) });
  });
  return routes;
}

function describe({ say, contact }: View, code: ProblemCode) {
  return html`<section class="card">
<h1>${say(`problem.${code}`)}</h1>
<p class="reference"><code>${code}</code> <span>HTTP ${problems[code]}</span></p>
<h2>${say('page.problem.meaning')}</h2>
<p>${say(`page.problem.${code}.meaning`)}</p>
<h2>${say('page.problem.next')}</h2>
<p>${say(`page.problem.${code}.next`)}</p>
<p><small>${say('page.problem.request-id')} ${say('page.contact', { contact })}</small></p>
</section>`;
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problems, code);
}
