import { html } from 'hono/html';
import { step } from '../controls.ts';
import { mailedPressPage } from './mailed-press.ts';

export const vetoPage = mailedPressPage({
  name: 'veto',
  title: 'page.veto.title',
  tone: 'alarm',
  button: 'page.veto.button',
  aside: 'page.veto.was-me',
  lead: ({ say }) => html`<p>${say('page.veto.lead')}</p>
<ul>
<li>${say('page.veto.effect.stopped')}</li>
<li>${say('page.veto.effect.team')}</li>
<li>${say('page.veto.effect.open')}</li>
</ul>`,
  done: (view) =>
    step(
      view,
      { name: 'done', title: 'page.veto.done.title', tone: 'done' },
      html`<p>${view.say('page.veto.done.body')}</p>
<p class="reference"><span>${view.say('page.reference')}</span> <strong data-value="reference"></strong></p>
<h2>${view.say('page.veto.next.title')}</h2>
<p>${view.say('page.veto.next.body')}</p>
<ul class="links">
<li><a href="/security">${view.say('page.freeze.signed-in')}</a></li>
<li><a href="/report">${view.say('page.footer.report')}</a></li>
</ul>`,
    ),
  stale: (view) => html`<p>${view.say('page.veto.stale')}</p>
<ul class="links">
<li><a href="/security">${view.say('page.freeze.signed-in')}</a></li>
<li><a href="/report">${view.say('page.footer.report')}</a></li>
</ul>
<p><small>${view.say('page.contact', { contact: view.contact })}</small></p>`,
});
