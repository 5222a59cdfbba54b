import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { codeField, field, form } from '../controls.ts';
import type { Markup, View } from '../page.ts';
import { printedCodes } from '../printed-codes.ts';

export const secondFactorTexts = [
  'page.totp.left',
  'page.totp.left-few',
  'page.totp.none-left',
  'page.totp.add.title',
  'page.totp.replace.title',
  'page.totp.replace.button',
  'page.totp.replace-this',
  'page.totp.remove',
  'page.totp.remove.button',
  'page.totp.rename.title',
  'page.totp.rename.button',
  'page.totp.rename-this',
  'page.totp.added',
  'page.totp.used',
  'page.totp.unused',
  'page.totp.disabled',
] as const satisfies readonly TextKey[];

/** Authenticators and recovery codes; the script fills the list and shows the part that fits. */
export function secondFactorCard(view: View): Markup {
  const { say } = view;
  return html`<section class="card" data-factor>
<h2 tabindex="-1">${say('page.totp.title')}</h2>
<div data-part="list" hidden>
<p role="status" class="notice" data-factor-done hidden>${say('page.totp.done')}</p>
<p data-totp-off hidden>${say('page.totp.off')}</p>
<p data-totp-on hidden>${say('page.totp.on')}</p>
<ul class="entries" data-list="authenticators"></ul>
<p class="error" role="alert" data-factor-error hidden></p>
<button type="button" data-totp-off data-enrol hidden>${say('page.totp.enrol')}</button>
<button type="button" class="quiet" data-totp-on data-add data-open="ask-totp" aria-controls="ask-totp" hidden>${say('page.totp.add')}</button>
${start(view)}${rename(view)}${remove(view)}${recovery(view)}
</div>
${enrolment(view)}
${codes(view)}
</section>`;
}

const cancel = ({ say }: View, id: string): Markup =>
  html`<button type="button" class="quiet" data-cancel="${id}">${say('page.cancel')}</button>`;

function nameField(view: View, id: string): Markup {
  const attributes = { maxlength: '60', placeholder: view.say('page.totp.name.example'), autocomplete: 'off' };
  return field(view, { id, name: 'name', label: 'page.field.totp-name', attributes });
}

/** For a further authenticator, and for one in place of another: who asks has one factor already. */
function start(view: View): Markup {
  const { say } = view;
  const fields = html`${nameField(view, 'new-totp-name')}${codeField(view, { id: 'start-code', label: 'page.field.any-code' })}`;
  return html`<div id="ask-totp" class="ask" hidden>
<h3 data-value="start-title"></h3>
<p>${say('page.totp.start.body')} <span data-replacing>${say('page.totp.replace.body')}</span></p>
${form(view, { name: 'totp-start', button: 'page.totp.start', after: cancel(view, 'ask-totp') }, fields)}
</div>`;
}

function rename(view: View): Markup {
  return html`<div id="ask-rename" class="ask" hidden>
<h3 data-value="rename-title"></h3>
${form(view, { name: 'totp-rename', button: 'page.totp.rename', after: cancel(view, 'ask-rename') }, nameField(view, 'totp-name'))}
</div>`;
}

function remove(view: View): Markup {
  return html`<div id="ask-remove" class="ask" hidden>
<h3 data-value="remove-title"></h3>
<p>${view.say('page.totp.remove.body')}</p>
${form(view, { name: 'totp-remove', button: 'page.totp.remove.button', tone: 'alarm', after: cancel(view, 'ask-remove') }, codeField(view, { id: 'remove-code', label: 'page.field.any-code' }))}
</div>`;
}

function recovery(view: View): Markup {
  const { say } = view;
  return html`<div data-recovery hidden>
<h3>${say('page.codes.title')}</h3>
<p data-value="left"></p>
<button type="button" class="quiet" data-open="ask-codes" aria-expanded="false" aria-controls="ask-codes">${say('page.codes.renew')}</button>
<div id="ask-codes" class="ask" hidden>
<p>${say('page.codes.renew.body')}</p>
${form(view, { name: 'codes', button: 'page.codes.renew', after: cancel(view, 'ask-codes') }, codeField(view, { id: 'codes-code', label: 'page.field.any-code' }))}
</div>
</div>`;
}

function enrolment(view: View): Markup {
  const { say } = view;
  const back = html`<button type="button" class="quiet" data-part-cancel>${say('page.cancel')}</button>`;
  return html`<div data-part="enrol" hidden>
<p>${say('page.totp.scan')}</p>
<p class="qr"><img data-qr alt="${say('page.totp.qr')}" width="200" height="200"></p>
<p>${say('page.totp.by-hand')}</p>
<p class="row"><code id="totp-secret" class="secret-text" data-value="secret"></code>
<button type="button" class="quiet" data-copy="totp-secret">${say('page.copy')}</button></p>
${form(view, { name: 'totp-confirm', button: 'page.totp.confirm', after: back }, codeField(view, { id: 'totp-confirm-code', label: 'page.field.totp' }))}
</div>`;
}

function codes(view: View): Markup {
  const { say } = view;
  return html`<div data-part="codes" class="printed" hidden>
<h3 tabindex="-1">${say('page.codes.title')}</h3>
${printedCodes(view, { id: 'recovery-codes', value: 'codes' })}
<button type="button" data-codes-kept>${say('page.codes.kept')}</button>
</div>`;
}
