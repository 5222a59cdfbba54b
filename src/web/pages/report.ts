import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { field, form, proof, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';
import { eventFacts, linkEvents } from './link-event.ts';
import { linkMissing } from './link-missing.ts';

const kinds = ['takeover', 'unauthorised-transaction', 'scam', 'locked-out', 'complaint'] as const;
const texts = ['page.report.respond-by', ...linkEvents] as const satisfies readonly TextKey[];

/** Says that something is wrong without signing in, and, from the mail that causes, that it was oneself. */
export const reportPage: Page = {
  path: '/report',
  title: 'page.report.title',
  script: 'report.js',
  texts,
  content: (view) =>
    html`${ask(view)}${received(view)}${press(view)}${confirmed(view)}${linkMissing(view, stale(view))}`,
};

function ask(view: View): Markup {
  const { say } = view;
  const choices = kinds.map(
    (kind, at) =>
      html`<label><input type="radio" name="kind" value="${kind}"${at === 0 ? html` checked` : ''}> ${say(`page.case.kind.${kind}`)}</label>`,
  );
  const fields = html`
${field(view, {
  id: 'identifier',
  name: 'identifier',
  label: 'page.report.identifier',
  attributes: { autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '254' },
})}
<fieldset class="choices"><legend>${say('page.report.kind')}</legend>${choices}</fieldset>
<div class="field">
<label for="message">${say('page.report.message')}</label>
<textarea id="message" name="message" rows="6" maxlength="8000" aria-describedby="message-hint message-error" required></textarea>
<small id="message-hint">${say('page.report.message.hint')}</small><small id="message-error" class="error" role="alert" hidden></small>
</div>
${field(view, {
  id: 'contact',
  name: 'contact',
  label: 'page.report.contact',
  hint: 'page.report.contact.hint',
  attributes: { maxlength: '254' },
})}`;
  return step(
    view,
    { name: 'report', title: 'page.report.title', isFirst: true },
    html`<p>${say('page.report.lead')}</p>
<h2>${say('page.report.hurry.title')}</h2>
<ul>
<li>${say('page.report.hurry.mail')}</li>
<li>${say('page.report.hurry.signed-in')} <a href="/security">${say('page.security.title')}</a></li>
<li>${say('page.report.hurry.case')} <a href="/case#report">${say('page.landing.case')}</a></li>
<li>${say('page.report.hurry.password')} <a href="/reset">${say('page.reset.title')}</a></li>
</ul>
<h2>${say('page.report.form.title')}</h2>
${form(view, { name: 'report', button: 'page.report.button' }, fields)}
<p><small>${say('page.contact', { contact: view.contact })}</small></p>`,
  );
}

function received(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'received', title: 'page.reported.title', tone: 'done' },
    html`<p data-value="respondBy"></p>
<p>${say('page.report.confirm-hint')}</p>
${proof(view, 'report-receipt')}`,
  );
}

function press(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'press', title: 'page.report.press.title' },
    html`${eventFacts(view)}
<p>${say('page.report.press.body')}</p>
${form(view, { name: 'confirm', button: 'page.report.press.button' }, html``)}
<p class="aside"><small>${say('page.report.press.not-me')}</small></p>`,
  );
}

function confirmed(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'done', title: 'page.report.done.title', tone: 'done' },
    html`<p>${say('page.report.done.body')}</p>
${proof(view, 'receipt')}
<p><a role="button" href="/case">${say('page.held.case')}</a></p>`,
  );
}

function stale({ say, contact }: View): Markup {
  return html`<p>${say('page.report.stale')}</p>
<p><a role="button" class="quiet" href="/report">${say('page.report.again')}</a></p>
<p><small>${say('page.contact', { contact })}</small></p>`;
}
