import { html } from 'hono/html';
import type { Page } from '../page.ts';

/** A way to the report form of /case; it needs no script. */
export const reportPage: Page = {
  path: '/report',
  title: 'page.report.title',
  content: ({ say, contact }) => html`<section class="card">
<h1>${say('page.report.title')}</h1>
<p>${say('page.report.lead')}</p>
<p><a role="button" href="/case#report">${say('page.report.open')}</a></p>
<h2>${say('page.report.hurry.title')}</h2>
<ul>
<li>${say('page.report.hurry.mail')}</li>
<li>${say('page.report.hurry.signed-in')} <a href="/security">${say('page.security.title')}</a></li>
<li>${say('page.report.hurry.password')} <a href="/reset">${say('page.reset.title')}</a></li>
</ul>
<p><small>${say('page.contact', { contact })}</small></p>
</section>`,
};
