import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { codeField, form, passwordField } from '../controls.ts';
import type { Markup, View } from '../page.ts';

export const passwordTexts = ['page.password.wrong'] as const satisfies readonly TextKey[];

/** The card that changes the password; password managers find the account's name in it. */
export function passwordCard(view: View): Markup {
  const { say } = view;
  const fields = html`<input type="text" name="username" autocomplete="username" data-username hidden readonly>
${passwordField(view, {
  id: 'current-password',
  name: 'currentPassword',
  label: 'page.field.current-password',
  attributes: { autocomplete: 'current-password' },
})}
${passwordField(view, {
  id: 'changed-password',
  name: 'newPassword',
  label: 'page.field.new-password',
  hint: 'page.field.new-password.hint',
  attributes: { autocomplete: 'new-password' },
})}
<div data-password-code hidden>
<p class="notice">${say('page.password.code')}</p>
${codeField(view, { id: 'password-code', label: 'page.field.any-code', isOptional: true })}
</div>`;
  const cancel = html`<button type="button" class="quiet" data-cancel="ask-password">${say('page.cancel')}</button>`;
  return html`<section class="card" data-password>
<h2>${say('page.password.title')}</h2>
<p>${say('page.password.why')}</p>
<p class="notice" role="status" data-password-changed hidden>${say('page.password.changed')}</p>
<button type="button" class="quiet" data-open="ask-password" aria-expanded="false" aria-controls="ask-password">${say('page.password.open')}</button>
<div id="ask-password" class="ask" hidden>
<p>${say('page.password.body')}</p>
${form(view, { name: 'password', button: 'page.password.button', after: cancel }, fields)}
</div>
</section>`;
}
