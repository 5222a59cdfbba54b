import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { field, form, passwordField } from '../controls.ts';
import type { Markup, View } from '../page.ts';

export const stepUpTexts = [
  'page.error.step-up-cancelled',
  'page.error.step-up-wrong',
  'page.error.second-factor-required',
] as const satisfies readonly TextKey[];

/** Asked over the page when a change needs a fresher or stronger authentication than the session has (RFC 9470). */
export function stepUpDialog(view: View): Markup {
  const { say } = view;
  const passkey = html`<div data-step-up-passkey hidden>
<button type="button" class="quiet">${say('page.passkey.instead')}</button>
</div>`;
  const fields = html`${passwordField(view, { id: 'step-up-password', name: 'password', label: 'page.field.password', attributes: { autocomplete: 'current-password' } })}
<div data-step-up-code hidden>${field(view, {
    id: 'step-up-code',
    name: 'code',
    label: 'page.field.any-code',
    isOptional: true,
    attributes: {
      autocomplete: 'one-time-code',
      autocapitalize: 'none',
      spellcheck: 'false',
      minlength: '6',
      maxlength: '64',
    },
  })}</div>`;
  const after = html`${passkey}<button type="button" class="quiet" data-step-up-cancel>${say('page.cancel')}</button>`;
  return html`<dialog class="step-up" data-step-up aria-labelledby="step-up-title">
<div class="card">
<h2 id="step-up-title" tabindex="-1">${say('page.step-up.title')}</h2>
<p>${say('page.step-up.body')}</p>
${form(view, { name: 'step-up', button: 'page.step-up.button', after }, fields)}
</div>
</dialog>`;
}
