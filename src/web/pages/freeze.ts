import { html } from 'hono/html';
import { form, proof, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';
import { eventFacts, linkEvents } from './link-event.ts';
import { linkMissing } from './link-missing.ts';

export const freezePage: Page = {
  path: '/freeze',
  title: 'page.freeze.title',
  script: 'freeze.js',
  texts: linkEvents,
  content: (
    view,
  ) => html`${step(view, { name: 'wait', title: 'page.freeze.title', isFirst: true }, html`<p aria-busy="true">${view.say('page.loading')}</p>`)}
${press(view)}${done(view)}
${linkMissing(
  view,
  html`<p>${view.say('page.freeze.stale')}</p>
<ul class="links">
<li><a href="/security">${view.say('page.freeze.signed-in')}</a></li>
<li><a href="/case">${view.say('page.landing.case')}</a></li>
</ul>
<p><small>${view.say('page.contact', { contact: view.contact })}</small></p>`,
)}`,
};

function press(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'press', title: 'page.freeze.title', tone: 'alarm' },
    html`${eventFacts(view)}
<p>${say('page.freeze.question')}</p>
<ul>
<li>${say('page.freeze.effect.sessions')}</li>
<li>${say('page.freeze.effect.money')}</li>
<li>${say('page.freeze.effect.team')}</li>
</ul>
${form(view, { name: 'freeze', button: 'page.freeze.button', tone: 'alarm' }, html``)}
<p class="aside"><small>${say('page.freeze.was-me')}</small></p>`,
  );
}

function done(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'done', title: 'page.frozen.title', tone: 'done' },
    html`<p>${say('page.frozen.body')}</p>
${proof(view, 'receipt')}
<h2>${say('page.frozen.next.title')}</h2>
<p>${say('page.frozen.next.body')}</p>
<p><a role="button" href="/case">${say('page.held.case')}</a></p>`,
  );
}
