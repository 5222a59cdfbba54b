import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import { form } from '../controls.ts';
import type { Markup, View } from '../page.ts';

export const activityTexts = [
  'page.activity.not-me',
  'page.activity.not-me-this',
  'page.activity.by.support',
  'page.activity.by.system',
  'page.activity.by.app',
  'page.device.name',
] as const satisfies readonly TextKey[];

/** What happened on the account; the script fills the list. The dialog asks before an entry freezes the account. */
export function activityCard(view: View): Markup {
  const { say } = view;
  const cancel = html`<button type="button" class="quiet" data-not-me-cancel>${say('page.cancel')}</button>`;
  const about = html`<p><strong data-value="entry"></strong><br><small data-value="entry-facts"></small></p>
<p>${say('page.activity.sure-body')}</p>`;
  return html`<section class="card" data-activity>
<h2 tabindex="-1">${say('page.activity.title')}</h2>
<p>${say('page.activity.body')}</p>
<p class="error" role="alert" data-error hidden></p>
<p data-no-activity hidden>${say('page.activity.none')}</p>
<ul class="entries" data-list="activity"></ul>
<div class="row">
<button type="button" class="quiet" data-more-activity hidden>${say('page.activity.more')}</button>
</div>
<dialog class="step-up" data-not-me aria-labelledby="not-me-title">
<div class="card alarm">
<h2 id="not-me-title" tabindex="-1">${say('page.activity.sure')}</h2>
${form(view, { name: 'not-me', button: 'page.activity.freeze', tone: 'alarm', after: cancel }, about)}
</div>
</dialog>
</section>`;
}
