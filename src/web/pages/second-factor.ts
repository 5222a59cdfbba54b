import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { codeField, form } from '../controls.ts';
import type { Markup, View } from '../page.ts';

export const secondFactorTexts = [
  'page.totp.left',
  'page.totp.left-few',
  'page.totp.none-left',
] as const satisfies readonly TextKey[];

/** The parts of the authenticator's card; the script shows the one that fits. */
export function secondFactorCard(view: View): Markup {
  const { say } = view;
  return html`<section class="card" data-factor>
<h2 tabindex="-1">${say('page.totp.title')}</h2>
<div data-part="off" hidden>
<p>${say('page.totp.off')}</p>
<p class="error" role="alert" data-factor-error hidden></p>
<button type="button" data-enrol>${say('page.totp.enrol')}</button>
</div>
${enrolment(view)}
${codes(view)}
${turnedOn(view)}
</section>`;
}

function enrolment(view: View): Markup {
  const { say } = view;
  const cancel = html`<button type="button" class="quiet" data-part-cancel>${say('page.cancel')}</button>`;
  return html`<div data-part="enrol" hidden>
<p>${say('page.totp.scan')}</p>
<p class="qr"><img data-qr alt="${say('page.totp.qr')}" width="200" height="200"></p>
<p>${say('page.totp.by-hand')}</p>
<p class="row"><code id="totp-secret" class="secret-text" data-value="secret"></code>
<button type="button" class="quiet" data-copy="totp-secret">${say('page.copy')}</button></p>
${form(view, { name: 'totp-confirm', button: 'page.totp.confirm', after: cancel }, codeField(view, { id: 'totp-confirm-code', label: 'page.field.totp' }))}
</div>`;
}

function codes({ say }: View): Markup {
  return html`<div data-part="codes" class="printed" hidden>
<h3 tabindex="-1">${say('page.codes.title')}</h3>
<p>${say('page.codes.body')}</p>
<pre id="recovery-codes" class="codes" data-value="codes" tabindex="0" aria-label="${say('page.codes.title')}"></pre>
<div class="row">
<button type="button" class="quiet" data-copy="recovery-codes">${say('page.copy')}</button>
<button type="button" class="quiet" data-download="recovery-codes" data-file="recovery-codes.txt">${say('page.download')}</button>
<button type="button" class="quiet" data-print>${say('page.print')}</button>
</div>
<button type="button" data-codes-kept>${say('page.codes.kept')}</button>
</div>`;
}

function turnedOn(view: View): Markup {
  const { say } = view;
  const cancel = (name: string) =>
    html`<button type="button" class="quiet" data-cancel="${name}">${say('page.cancel')}</button>`;
  return html`<div data-part="on" hidden>
<p>${say('page.totp.on')} <span data-value="left"></span></p>
<div class="row">
<button type="button" class="quiet" data-open="ask-codes" aria-expanded="false" aria-controls="ask-codes">${say('page.codes.renew')}</button>
<button type="button" class="quiet" data-open="ask-remove" aria-expanded="false" aria-controls="ask-remove">${say('page.totp.remove')}</button>
</div>
<div id="ask-codes" class="ask" hidden>
<p>${say('page.codes.renew.body')}</p>
${form(view, { name: 'codes', button: 'page.codes.renew', after: cancel('ask-codes') }, codeField(view, { id: 'codes-code', label: 'page.field.any-code' }))}
</div>
<div id="ask-remove" class="ask" hidden>
<p>${say('page.totp.remove.body')}</p>
${form(view, { name: 'totp-remove', button: 'page.totp.remove', tone: 'alarm', after: cancel('ask-remove') }, codeField(view, { id: 'remove-code', label: 'page.field.any-code' }))}
</div>
</div>`;
}
