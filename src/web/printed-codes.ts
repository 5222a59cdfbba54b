import { html } from 'hono/html';
import type { Markup, View } from './page.ts';

/** Recovery codes, shown this once, with every way to keep them; `value` is what the script fills. */
export function printedCodes({ say }: View, { id, value = id }: { id: string; value?: string }): Markup {
  return html`<p>${say('page.codes.body')}</p>
<pre id="${id}" class="codes" data-value="${value}" tabindex="0" aria-label="${say('page.codes.title')}"></pre>
<div class="row">
<button type="button" class="quiet" data-copy="${id}">${say('page.copy')}</button>
<button type="button" class="quiet" data-download="${id}" data-file="recovery-codes.txt">${say('page.download')}</button>
<button type="button" class="quiet" data-print>${say('page.print')}</button>
</div>`;
}
