import { html } from 'hono/html';
import { form, step } from '../controls.ts';
import type { Page } from '../page.ts';
import { linkMissing } from './link-missing.ts';

export const confirmPage: Page = {
  path: '/confirm',
  title: 'page.confirm.title',
  script: 'confirm.js',
  content: (view) => html`${step(view, { name: 'wait', title: 'page.confirm.title', isFirst: true }, html``)}
${step(
  view,
  { name: 'press', title: 'page.confirm.title' },
  html`<p>${view.say('page.confirm.body')}</p>
${form(view, { name: 'confirm', button: 'page.confirm.button' }, html``)}`,
)}
${step(
  view,
  { name: 'done', title: 'page.confirm.done.title', tone: 'done' },
  html`<p>${view.say('page.confirm.done.body')}</p>
<p><a role="button" href="/sign-in">${view.say('page.sign-in.title')}</a></p>`,
)}
${linkMissing(
  view,
  html`<p>${view.say('page.confirm.stale')}</p>
<p class="stack"><a role="button" href="/sign-in">${view.say('page.sign-in.title')}</a> <a role="button" class="quiet" href="/sign-up">${view.say('page.landing.sign-up')}</a></p>`,
)}`,
};
