import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import type { Markup, View } from '../page.ts';

export const sessionsTexts = [
  'page.device.name',
  'page.device.unknown',
  'page.sessions.here',
  'page.sessions.seen',
  'page.sessions.end',
  'page.sessions.end-this',
  'page.devices.here',
  'page.devices.forget',
  'page.devices.forget-this',
] as const satisfies readonly TextKey[];

/** Where the owner is signed in, and the devices they are known by; the script fills both lists. */
export function sessionsCards({ say }: View): Markup {
  return html`<section class="card" data-sessions>
<h2 tabindex="-1">${say('page.sessions.title')}</h2>
<p>${say('page.sessions.body')}</p>
<p class="error" role="alert" data-error hidden></p>
<p role="status" tabindex="-1" data-others-ended hidden>${say('page.sessions.end-others.done')}</p>
<ul class="entries" data-list="sessions"></ul>
<div class="row">
<button type="button" class="quiet" data-end-others hidden>${say('page.sessions.end-others')}</button>
<button type="button" class="quiet" data-more-sessions hidden>${say('page.sessions.more')}</button>
</div>
</section>
<section class="card" data-devices>
<h2 tabindex="-1">${say('page.devices.title')}</h2>
<p>${say('page.devices.body')}</p>
<p class="error" role="alert" data-error hidden></p>
<p data-no-devices hidden>${say('page.devices.none')}</p>
<ul class="entries" data-list="devices"></ul>
</section>`;
}
