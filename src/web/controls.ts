import { html } from 'hono/html';
import type { TextKey } from '../languages/languages.ts';
import type { Markup, View } from './page.ts';

type Step = { name: string; title: TextKey; tone?: 'calm' | 'alarm' | 'done'; isFirst?: boolean };

/** One thing to do or to read; a page shows one step at a time. Its heading takes the focus when it appears. */
export function step({ say, service }: View, { name, title, tone = 'calm', isFirst }: Step, content: Markup): Markup {
  return html`<section class="card ${tone}" data-step="${name}"${isFirst ? '' : html` hidden`}>
<h1 tabindex="-1">${say(title, { service })}</h1>
${content}
</section>`;
}

type Form = { name: string; button: TextKey; tone?: 'calm' | 'quiet' | 'alarm'; after?: Markup };

/** Nothing can be sent before the script is there: the browser itself would post the fields somewhere. */
export function form({ say }: View, { name, button, tone = 'calm', after }: Form, fields: Markup): Markup {
  return html`<form method="post" data-form="${name}">
<fieldset disabled>
${fields}
<p class="error" role="alert" data-error hidden></p>
<button type="submit" class="${tone}">${say(button)}</button>
${after ?? ''}
</fieldset>
</form>`;
}

type Field = {
  id: string;
  /** The member of the API's body. */
  name: string;
  label: TextKey;
  hint?: TextKey;
  type?: 'text' | 'email';
  isOptional?: boolean;
  attributes?: Record<string, string>;
};

export function field({ say }: View, { id, name, label, hint, type = 'text', isOptional, attributes }: Field): Markup {
  return html`<div class="field">
<label for="${id}">${say(label)}</label>
<input id="${id}" name="${name}" type="${type}" aria-describedby="${described(id, hint)}"${isOptional ? '' : html` required`}${spread(attributes)}>
${notes(say, id, hint)}
</div>`;
}

/** Paste is allowed and the text can be shown (NIST 800-63B-4 3.1.1.2, ASVS 6.2.6 and 6.2.7). */
export function passwordField({ say }: View, { id, name, label, hint, attributes }: Omit<Field, 'type'>): Markup {
  return html`<div class="field">
<label for="${id}">${say(label)}</label>
<div class="secret">
<input id="${id}" name="${name}" type="password" maxlength="4096" aria-describedby="${described(id, hint)}" required${spread(attributes)}>
<button type="button" class="quiet" data-reveal="${id}" aria-controls="${id}" aria-pressed="false">${say('page.password.show')}</button>
</div>
${notes(say, id, hint)}
</div>`;
}

/** Where any factor will do, a passkey may answer instead; the script shows its button to those who have one. */
export function codeField(
  view: View,
  { id, label, hint, isOptional }: Pick<Field, 'id' | 'label' | 'hint' | 'isOptional'>,
): Markup {
  const attributes = {
    autocomplete: 'one-time-code',
    autocapitalize: 'none',
    spellcheck: 'false',
    minlength: '6',
    maxlength: '64',
  };
  const input = field(view, {
    id,
    name: 'code',
    label,
    attributes,
    ...(hint ? { hint } : {}),
    ...(isOptional ? { isOptional } : {}),
  });
  if (label !== 'page.field.any-code') return input;
  return html`${input}<button type="button" class="quiet" data-passkey-proof hidden>${view.say('page.passkey.instead')}</button>`;
}

const described = (id: string, hint?: TextKey) => (hint ? `${id}-hint ${id}-error` : `${id}-error`);

function notes(say: View['say'], id: string, hint?: TextKey): Markup {
  return html`${hint ? html`<small id="${id}-hint">${say(hint)}</small>` : ''}<small id="${id}-error" class="error" role="alert" hidden></small>`;
}

function spread(attributes: Record<string, string> = {}): Markup[] {
  return Object.entries(attributes).map(([name, value]) => html` ${name}="${value}"`);
}

/** Proof of a freeze or report: the reference to name, and the signed receipt to keep. */
export function proof({ say }: View, id: string): Markup {
  return html`<p class="reference"><span>${say('page.reference')}</span> <strong data-value="reference"></strong></p>
<details>
<summary>${say('page.receipt.title')}</summary>
<p><small>${say('page.receipt.about')}</small></p>
<textarea id="${id}" data-value="receipt" rows="4" readonly aria-label="${say('page.receipt.title')}"></textarea>
<div class="row">
<button type="button" class="quiet" data-copy="${id}">${say('page.copy')}</button>
<button type="button" class="quiet" data-download="${id}" data-file="receipt.txt">${say('page.download')}</button>
</div>
</details>`;
}
