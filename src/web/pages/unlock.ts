import { html } from 'hono/html';
import { form, step } from '../controls.ts';
import type { Page } from '../page.ts';
import { eventFacts, linkEvents } from './link-event.ts';
import { linkMissing } from './link-missing.ts';

export const unlockPage: Page = {
  path: '/unlock',
  title: 'page.unlock.title',
  script: 'unlock.js',
  texts: linkEvents,
  content: (
    view,
  ) => html`${step(view, { name: 'wait', title: 'page.unlock.title', isFirst: true }, html`<p aria-busy="true">${view.say('page.loading')}</p>`)}
${step(
  view,
  { name: 'press', title: 'page.unlock.title' },
  html`${eventFacts(view)}
<p>${view.say('page.unlock.body')}</p>
${form(view, { name: 'unlock', button: 'page.unlock.button' }, html``)}
<p class="aside"><small>${view.say('page.unlock.not-me')}</small></p>`,
)}
${step(
  view,
  { name: 'done', title: 'page.unlock.done.title', tone: 'done' },
  html`<p>${view.say('page.unlock.done.body')}</p>
<p><a role="button" href="/sign-in">${view.say('page.sign-in.title')}</a></p>`,
)}
${linkMissing(
  view,
  html`<p>${view.say('page.unlock.stale')}</p>
<ul class="links">
<li><a href="/sign-in">${view.say('page.sign-in.title')}</a></li>
<li><a href="/reset">${view.say('page.sign-in.forgot')}</a></li>
</ul>`,
)}`,
};
