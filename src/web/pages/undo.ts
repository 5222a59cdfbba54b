import { html } from 'hono/html';
import { form, proof, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';
import { eventFacts, linkEvents } from './link-event.ts';
import { linkMissing } from './link-missing.ts';

export const undoPage: Page = {
  path: '/undo',
  title: 'page.undo.title',
  script: 'undo.js',
  texts: linkEvents,
  content: (
    view,
  ) => html`${step(view, { name: 'wait', title: 'page.undo.title', isFirst: true }, html`<p aria-busy="true">${view.say('page.loading')}</p>`)}
${press(view)}${done(view)}
${linkMissing(
  view,
  html`<p>${view.say('page.undo.stale')}</p>
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
    { name: 'press', title: 'page.undo.title', tone: 'alarm' },
    html`${eventFacts(view)}
<p>${say('page.undo.lead')}</p>
<ul>
<li>${say('page.undo.effect.restored')}</li>
<li>${say('page.freeze.effect.sessions')}</li>
<li>${say('page.freeze.effect.money')}</li>
<li>${say('page.freeze.effect.team')}</li>
</ul>
${form(view, { name: 'undo', button: 'page.undo.button', tone: 'alarm' }, html``)}
<p class="aside"><small>${say('page.undo.was-me')}</small></p>`,
  );
}

function done(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'done', title: 'page.undo.done.title', tone: 'done' },
    html`<p>${say('page.undo.done.body')}</p>
<div data-proof>${proof(view, 'receipt')}</div>
<h2>${say('page.frozen.next.title')}</h2>
<p>${say('page.frozen.next.body')}</p>
<p><a role="button" href="/case">${say('page.held.case')}</a></p>`,
  );
}
