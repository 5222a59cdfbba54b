import { html } from 'hono/html';
import type { TextKey } from '../../languages/languages.ts';
import type { Markup, View } from '../page.ts';

export const transactionsTexts = [
  'page.transactions.not-mine',
  'page.transactions.not-mine-this',
  'page.transactions.mine',
  'page.transactions.mine-this',
  'page.transactions.marked-not-mine',
  'page.transactions.stopped',
  'page.transactions.kind.payment',
  'page.transactions.kind.withdrawal',
  'page.transactions.kind.deposit',
  'page.transactions.kind.refund',
  'page.transactions.state.completed',
  'page.transactions.state.failed',
  'page.transactions.state.reversed',
  'page.transactions.state.stopped',
  'page.transactions.state.waiting',
  'page.transactions.state.open',
  'page.error.transaction-too-old',
  'page.error.mark-stands',
] as const satisfies readonly TextKey[];

/** The owner's money going in and out; what is not theirs is stopped where it can be. The script fills the list. */
export function transactionsCard({ say }: View): Markup {
  return html`<section class="card" data-transactions>
<h2 tabindex="-1">${say('page.transactions.title')}</h2>
<p>${say('page.transactions.body')}</p>
<p class="error" role="alert" data-error hidden></p>
<p role="status" tabindex="-1" data-marked hidden><span data-value="marked"></span> <a href="/case">${say('page.held.case')}</a></p>
<p data-no-transactions hidden>${say('page.transactions.none')}</p>
<ul class="entries" data-list="transactions"></ul>
<button type="button" class="quiet" data-more-transactions hidden>${say('page.transactions.more')}</button>
</section>`;
}
