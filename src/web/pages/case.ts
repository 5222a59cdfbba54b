import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { codeField, field, form, passwordField, proof, step } from '../controls.ts';
import type { Markup, Page, View } from '../page.ts';
import { caseEnd, caseProgressTexts, caseSteps } from './case-progress.ts';

const kinds = ['takeover', 'unauthorised-transaction', 'scam', 'locked-out', 'complaint'] as const;
const texts = [
  'page.case.kind.takeover',
  'page.case.kind.suspicious-activity',
  'page.case.kind.unauthorised-transaction',
  'page.case.kind.scam',
  'page.case.kind.locked-out',
  'page.case.kind.complaint',
  'page.case.open',
  'page.case.closed',
  'page.case.respond-by',
  'page.case.opened-at',
  'page.case.author.owner',
  'page.case.author.agent',
  'page.case.author.system',
  'page.case.unproven',
  'page.case.expired',
  'page.case.stale-link',
  ...caseProgressTexts,
] as const satisfies readonly TextKey[];

export const casePage: Page = {
  path: '/case',
  title: 'page.case.title',
  script: 'case.js',
  width: 'wide',
  texts,
  content: (
    view,
  ) => html`${step(view, { name: 'wait', title: 'page.case.title', isFirst: true }, html`<p aria-busy="true">${view.say('page.loading')}</p>`)}
${access(view)}${list(view)}${one(view)}${report(view)}${reported(view)}`,
};

function access(view: View): Markup {
  const { say } = view;
  const fields = html`
${field(view, {
  id: 'identifier',
  name: 'identifier',
  label: 'page.field.identifier',
  attributes: { autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '254' },
})}
${passwordField(view, { id: 'password', name: 'password', label: 'page.field.password', attributes: { autocomplete: 'current-password' } })}
${codeField(view, { id: 'access-code', label: 'page.field.any-code', hint: 'page.case.access.code', isOptional: true })}`;
  return step(
    view,
    { name: 'access', title: 'page.case.access.title' },
    html`<p class="notice" role="status" data-notice hidden></p>
<p>${say('page.case.access.body')}</p>
${form(view, { name: 'access', button: 'page.case.access.button' }, fields)}
<ul class="links">
<li><a href="/sign-in?next=/case">${say('page.case.access.sign-in')}</a></li>
<li><a href="/reset">${say('page.sign-in.forgot')}</a></li>
</ul>
<p><small>${say('page.contact', { contact: view.contact })}</small></p>`,
  );
}

function list(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'list', title: 'page.case.title' },
    html`<p data-none hidden>${say('page.case.none')}</p>
<ul class="cases" data-list="cases"></ul>
<button type="button" class="quiet" data-show="report">${say('page.case.new')}</button>`,
  );
}

function one(view: View): Markup {
  const { say } = view;
  const fields = html`<div class="field">
<label for="message">${say('page.field.message')}</label>
<textarea id="message" name="message" rows="4" maxlength="8000" aria-describedby="message-hint message-error" required></textarea>
<small id="message-hint">${say('page.case.message.hint')}</small><small id="message-error" class="error" role="alert" hidden></small>
</div>`;
  return html`<section class="card" data-step="one" hidden>
<p class="aside top"><button type="button" class="link" data-show="list">${say('page.case.all')}</button></p>
<h1 tabindex="-1" data-value="heading"></h1>
<p data-value="summary"></p>
${caseSteps(view)}
<ol class="messages" data-list="messages" aria-live="polite"></ol>
<div data-writing>${form(view, { name: 'message', button: 'page.case.message.button' }, fields)}</div>
${caseEnd(view)}
</section>`;
}

function report(view: View): Markup {
  const { say } = view;
  const choices = kinds.map(
    (kind, at) =>
      html`<label><input type="radio" name="kind" value="${kind}"${at === 0 ? html` checked` : ''}> ${say(`page.case.kind.${kind}`)}</label>`,
  );
  const fields = html`<fieldset class="choices"><legend>${say('page.report.kind')}</legend>${choices}</fieldset>
<div class="field">
<label for="report-message">${say('page.report.message')}</label>
<textarea id="report-message" name="message" rows="6" maxlength="8000" aria-describedby="report-message-hint report-message-error" required></textarea>
<small id="report-message-hint">${say('page.report.message.hint')}</small><small id="report-message-error" class="error" role="alert" hidden></small>
</div>`;
  return step(
    view,
    { name: 'report', title: 'page.report.title' },
    html`${form(view, { name: 'report', button: 'page.report.button' }, fields)}
<p class="aside"><button type="button" class="link" data-show="list">${say('page.case.all')}</button></p>`,
  );
}

function reported(view: View): Markup {
  const { say } = view;
  return step(
    view,
    { name: 'reported', title: 'page.reported.title', tone: 'done' },
    html`<p data-value="respondBy"></p>
${proof(view, 'report-receipt')}
<p><button type="button" data-open-case>${say('page.held.case')}</button></p>`,
  );
}
