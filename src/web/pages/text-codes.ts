import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { codeField, form } from '../controls.ts';
import type { Markup, View } from '../page.ts';

export const textCodesTexts = [
  'page.error.no-second-factor',
  'page.error.phone-not-ready',
  'page.text-codes.sent',
] as const satisfies readonly TextKey[];

/** Codes by text message; the script shows it only where this installation has them and another factor is bound. */
export function textCodesCard(view: View): Markup {
  const { say } = view;
  const cancel = html`<button type="button" class="quiet" data-text-codes-back>${say('page.cancel')}</button>`;
  return html`<section class="card" data-text-codes hidden>
<h2 tabindex="-1">${say('page.text-codes.title')}</h2>
<p data-text-codes-on hidden>${say('page.text-codes.on')}</p>
<p data-text-codes-off hidden>${say('page.text-codes.off')}</p>
<p><small>${say('sms.notice')}</small></p>
<button type="button" class="quiet" data-text-codes-open="ask-text-codes" data-text-codes-off hidden>${say('page.text-codes.add')}</button>
<button type="button" class="quiet" data-text-codes-open="ask-no-text-codes" data-text-codes-on hidden>${say('page.text-codes.remove')}</button>
<div id="ask-text-codes" class="ask" hidden>
<h3>${say('page.text-codes.add')}</h3>
${form(view, { name: 'text-codes', button: 'page.text-codes.send', after: cancel }, codeField(view, { id: 'text-codes-proof', label: 'page.field.any-code' }))}
</div>
<div id="ask-texted" class="ask" hidden>
<p role="status" data-value="text-codes-sent"></p>
${form(view, { name: 'texted', button: 'page.text-codes.confirm', after: cancel }, codeField(view, { id: 'texted-code', label: 'page.field.text-code' }))}
</div>
<div id="ask-no-text-codes" class="ask" hidden>
<h3>${say('page.text-codes.remove')}</h3>
${form(view, { name: 'no-text-codes', button: 'page.text-codes.remove', tone: 'alarm', after: cancel }, codeField(view, { id: 'no-text-codes-proof', label: 'page.field.any-code' }))}
</div>
</section>`;
}
