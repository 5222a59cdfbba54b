import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { codeField, field, form } from '../controls.ts';
import type { Markup, View } from '../page.ts';
import { printedCodes } from '../printed-codes.ts';

/** What a browser's refusal is called, wherever passkeys are used. */
export const passkeyErrors = [
  'page.error.passkey-cancelled',
  'page.error.passkey-known',
] as const satisfies readonly TextKey[];

export const passkeysTexts = [
  ...passkeyErrors,
  'page.error.invalid-passkey',
  'page.error.too-many-passkeys',
  'page.passkeys.added',
  'page.passkeys.used',
  'page.passkeys.unused',
  'page.passkeys.synced',
  'page.passkeys.rename',
  'page.passkeys.rename-this',
  'page.passkeys.remove',
  'page.passkeys.remove-this',
] as const satisfies readonly TextKey[];

/** The account's passkeys; the script fills the list and shows the part that fits. */
export function passkeysCard(view: View): Markup {
  const { say } = view;
  return html`<section class="card" data-passkeys>
<h2 tabindex="-1">${say('page.passkeys.title')}</h2>
<div data-part="list" hidden>
<p role="status" class="notice" data-passkey-done hidden>${say('page.passkeys.done')}</p>
<p data-no-passkeys hidden>${say('page.passkeys.none')}</p>
<ul class="entries" data-list="passkeys"></ul>
<p class="error" role="alert" data-passkey-error hidden></p>
<button type="button" class="quiet" data-passkey-add hidden>${say('page.passkeys.add')}</button>
<p data-passkey-unable hidden><small>${say('page.passkeys.unable')}</small></p>
${add(view)}${rename(view)}${remove(view)}
</div>
${codes(view)}
</section>`;
}

const cancel = ({ say }: View): Markup =>
  html`<button type="button" class="quiet" data-passkey-back>${say('page.cancel')}</button>`;

/** Whoever adds one has another factor already, and proves it. */
function add(view: View): Markup {
  const { say } = view;
  return html`<div id="ask-passkey" class="ask" hidden>
<h3>${say('page.passkeys.add')}</h3>
<p>${say('page.passkeys.add.body')}</p>
${form(view, { name: 'passkey-add', button: 'page.passkeys.go-on', after: cancel(view) }, codeField(view, { id: 'passkey-add-code', label: 'page.field.any-code' }))}
</div>`;
}

function rename(view: View): Markup {
  const attributes = { maxlength: '60', autocomplete: 'off' };
  return html`<div id="ask-passkey-name" class="ask" hidden>
<h3 data-value="passkey-name-title"></h3>
${form(view, { name: 'passkey-name', button: 'page.passkeys.rename', after: cancel(view) }, field(view, { id: 'passkey-name', name: 'name', label: 'page.field.passkey-name', attributes }))}
</div>`;
}

function remove(view: View): Markup {
  return html`<div id="ask-passkey-removal" class="ask" hidden>
<h3 data-value="passkey-remove-title"></h3>
<p>${view.say('page.passkeys.remove.body')}</p>
${form(view, { name: 'passkey-remove', button: 'page.passkeys.remove', tone: 'alarm', after: cancel(view) }, codeField(view, { id: 'passkey-remove-code', label: 'page.field.any-code' }))}
</div>`;
}

/** With the first factor; later ones leave the codes as they are. */
function codes(view: View): Markup {
  const { say } = view;
  return html`<div data-part="codes" class="printed" hidden>
<h3 tabindex="-1">${say('page.codes.title')}</h3>
${printedCodes(view, { id: 'passkey-codes' })}
<button type="button" data-passkey-codes-kept>${say('page.codes.kept')}</button>
</div>`;
}
