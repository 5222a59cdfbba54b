import { html } from 'hono/html';
import type { Page } from '../page.ts';

export const landingPage: Page = {
  path: '/',
  title: 'page.landing.title',
  content: ({ say, service }) => html`<section class="card">
<h1>${say('page.landing.heading', { service })}</h1>
<p>${say('page.landing.about')}</p>
<p class="stack">
<a role="button" href="/sign-in">${say('page.landing.sign-in')}</a>
<a role="button" class="quiet" href="/sign-up">${say('page.landing.sign-up')}</a>
</p>
<ul class="links">
<li><a href="/security">${say('page.landing.security')}</a></li>
<li><a href="/case">${say('page.landing.case')}</a></li>
<li><a href="/reset">${say('page.landing.reset')}</a></li>
</ul>
</section>`,
};
