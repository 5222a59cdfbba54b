// @ts-check
import { Refusal } from './api.js';
import { element, fill, find, onPress } from './dom.js';
import { describe, tell } from './form.js';
import { asOwner } from './session.js';
import { say } from './texts.js';
import { formatTime } from './times.js';

/**
 * @typedef {{ id: string, kind: string, amount: string, currency: string, payeeName: string | null, occurredAt: string,
 *   decision: string, status: string, outcome: string | null, mine: boolean | null }} Transaction
 */

const card = find('[data-transactions]', HTMLElement);
const list = find('[data-list=transactions]', HTMLElement, card);
const more = find('[data-more-transactions]', HTMLElement, card);
const marked = find('[data-marked]', HTMLElement, card);
let next = '';

export function bindTransactions() {
  onPress('[data-more-transactions]', () => attempt(() => add(`?limit=10&cursor=${next}`)));
}

/** From the start. */
export async function showTransactions() {
  marked.hidden = true;
  list.replaceChildren();
  await add('?limit=10');
  find('[data-no-transactions]', HTMLElement, card).hidden = list.children.length > 0;
}

/** @param {string} query */
async function add(query) {
  const { items, nextCursor } = await asOwner('GET', `/v1/me/transactions${query}`);
  list.append(...items.map((/** @type {Transaction} */ item) => entry(item)));
  next = nextCursor ?? '';
  more.hidden = nextCursor === null;
}

/** @param {Transaction} item */
function entry(item) {
  const { id, amount, currency, payeeName, occurredAt, mine } = item;
  const value = new Intl.NumberFormat(document.documentElement.lang, { style: 'currency', currency }).format(
    /** @type {Intl.StringNumericLiteral} */ (amount),
  );
  const time = formatTime(occurredAt);
  const title = [value, payeeName].filter((part) => part).join(' · ');
  const facts = [say(`page.transactions.kind.${item.kind}`), say(`page.transactions.state.${stateOf(item)}`), time];
  const doubt = mine === false ? [element('small', { class: 'doubt' }, say('page.transactions.marked-not-mine'))] : [];
  const about = element('div', {}, element('strong', {}, title), element('small', {}, facts.join(' · ')), ...doubt);
  const isTakingBack = mine === false;
  const verb = isTakingBack ? 'mine' : 'not-mine';
  const label = say(`page.transactions.${verb}-this`, { name: title, time });
  const button = element(
    'button',
    { type: 'button', class: 'quiet', 'aria-label': label },
    say(`page.transactions.${verb}`),
  );
  const row = element('li', {}, about, button);
  button.addEventListener('click', () => void attempt(() => mark(id, isTakingBack, row)));
  return row;
}

/** @param {Transaction} item */
function stateOf({ decision, status, outcome }) {
  if (outcome !== null) return outcome;
  if (decision === 'deny') return 'stopped';
  return status === 'pending-review' || decision === 'challenge' ? 'waiting' : 'open';
}

/**
 * @param {string} id
 * @param {boolean} mine
 * @param {HTMLElement} row
 */
async function mark(id, mine, row) {
  const { transaction, reference } = await asOwner('POST', `/v1/me/transactions/${id}/mark`, { mine });
  row.replaceWith(entry(transaction));
  marked.hidden = reference === undefined;
  if (reference === undefined) return;
  fill(marked, { marked: say('page.transactions.stopped', { reference }) });
  marked.focus();
}

/**
 * Does what was asked, once at a time, and tells beside it why not.
 * @param {() => Promise<void>} work
 */
async function attempt(work) {
  if (card.ariaBusy === 'true') return;
  const place = find('[data-error]', HTMLElement, card);
  place.hidden = true;
  card.ariaBusy = 'true';
  try {
    await work();
  } catch (error) {
    tell(place, describe(error instanceof Refusal ? error : new Refusal('unexpected', {}, 0)));
  } finally {
    card.ariaBusy = null;
  }
}
