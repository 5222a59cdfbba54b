import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { codeField, field, form } from '../controls.ts';
import type { Markup, View } from '../page.ts';

export const contactTexts = [
  'page.contacts.none',
  'page.contacts.unconfirmed',
  'page.contacts.email-sent',
  'page.contacts.phone-sent',
  'page.contacts.recent',
  'page.contacts.taken',
  'page.contacts.notices.waiting',
  'page.contacts.notices.remove',
] as const satisfies readonly TextKey[];

/** What signs in and where notices go; the script fills it and shows what fits. */
export function contactsCard(view: View): Markup {
  const { say } = view;
  return html`<section class="card" data-contacts>
<h2>${say('page.contacts.title')}</h2>
<p class="notice" role="status" data-contacts-note hidden></p>
<ul class="entries">
${entry(view, 'email', 'page.contacts.email', 'page.contacts.change-email')}
${entry(view, 'phone', 'page.contacts.phone', 'page.contacts.change-phone')}
${entry(view, 'username', 'page.contacts.username', 'page.contacts.change-username')}
</ul>
${emailForm(view)}${phoneForms(view)}${usernameForm(view)}
<h3>${say('page.contacts.notices')}</h3>
<p>${say('page.contacts.notices.body')}</p>
<ul class="entries" data-list="notice-addresses"></ul>
<button type="button" class="quiet" data-open="ask-notice" aria-expanded="false" aria-controls="ask-notice">${say('page.contacts.notices.add')}</button>
${noticeForms(view)}
</section>`;
}

function entry({ say }: View, name: string, label: TextKey, change: TextKey): Markup {
  return html`<li data-contact="${name}"><div><small>${say(label)}</small><strong data-value="contact-${name}"></strong><small data-recent hidden></small></div>
<button type="button" class="quiet" data-open="ask-${name}" aria-expanded="false" aria-controls="ask-${name}" aria-label="${say(change)}">${say('page.contacts.change')}</button></li>`;
}

const cancel = ({ say }: View, id: string): Markup =>
  html`<button type="button" class="quiet" data-cancel="${id}">${say('page.cancel')}</button>`;

/** Asked for only where a second factor is enrolled. */
const code = (view: View, id: string): Markup =>
  html`<div data-contact-code hidden>${codeField(view, { id, label: 'page.field.any-code', isOptional: true })}</div>`;

function emailForm(view: View): Markup {
  const fields = html`${field(view, {
    id: 'new-email',
    name: 'newEmail',
    label: 'page.field.new-email',
    type: 'email',
    attributes: { autocomplete: 'email', maxlength: '254' },
  })}${code(view, 'email-code')}`;
  return html`<div id="ask-email" class="ask" hidden>
${form(view, { name: 'email-change', button: 'page.contacts.send', after: cancel(view, 'ask-email') }, fields)}
</div>`;
}

function phoneForms(view: View): Markup {
  const fields = html`${field(view, {
    id: 'new-phone',
    name: 'newPhone',
    label: 'page.field.new-phone',
    hint: 'page.field.new-phone.hint',
    attributes: { autocomplete: 'tel', inputmode: 'tel', maxlength: '32' },
  })}${code(view, 'phone-factor-code')}`;
  const texted = field(view, {
    id: 'texted-code',
    name: 'code',
    label: 'page.field.phone-code',
    attributes: { autocomplete: 'one-time-code', inputmode: 'numeric', pattern: '[0-9]{6}', maxlength: '6' },
  });
  return html`<div id="ask-phone" class="ask" hidden>
<div data-phone="number">
${form(view, { name: 'phone-change', button: 'page.contacts.send', after: cancel(view, 'ask-phone') }, fields)}
</div>
<div data-phone="code" hidden>
<p data-value="phone-sent"></p>
${form(view, { name: 'phone-confirm', button: 'page.contacts.confirm-phone', after: cancel(view, 'ask-phone') }, texted)}
</div>
</div>`;
}

function usernameForm(view: View): Markup {
  const fields = html`${field(view, {
    id: 'new-username',
    name: 'username',
    label: 'page.field.new-username',
    attributes: { autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '32' },
  })}${code(view, 'username-code')}`;
  return html`<div id="ask-username" class="ask" hidden>
${form(view, { name: 'username', button: 'page.contacts.send', after: cancel(view, 'ask-username') }, fields)}
</div>`;
}

function noticeForms(view: View): Markup {
  const { say } = view;
  const fields = html`${field(view, {
    id: 'notice-email',
    name: 'email',
    label: 'page.field.notice-email',
    type: 'email',
    attributes: { maxlength: '254' },
  })}${code(view, 'notice-code')}`;
  return html`<div id="ask-notice" class="ask" hidden>
${form(view, { name: 'notice-add', button: 'page.contacts.send', after: cancel(view, 'ask-notice') }, fields)}
</div>
<div id="ask-notice-removal" class="ask" hidden>
<p><strong data-value="removed-address"></strong></p>
<p>${say('page.contacts.notices.remove.body')}</p>
${form(view, { name: 'notice-remove', button: 'page.contacts.notices.remove', tone: 'alarm', after: cancel(view, 'ask-notice-removal') }, code(view, 'notice-removal-code'))}
</div>`;
}
