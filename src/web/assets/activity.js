// @ts-check
import { Refusal } from './api.js';
import { element, fill, find } from './dom.js';
import { describe, onSubmit, tell } from './form.js';
import { asOwner } from './session.js';
import { nameOf } from './sessions.js';
import { say } from './texts.js';
import { formatTime } from './times.js';

/** @typedef {{ browser: string | null, os: string | null }} Device */
/** @typedef {{ id: string, type: string, at: string, text: string, by: string, ip: string | null, place: { text: string } | null, device: Device | null }} Entry */

const PAGE = 20;
const card = find('[data-activity]', HTMLElement);
const list = find('[data-list=activity]', HTMLElement, card);
const more = find('[data-more-activity]', HTMLButtonElement, card);
const dialog = find('[data-not-me]', HTMLDialogElement, card);
let next = '';
let denied = '';

/** @param {(told: { caseReference: string, receipt: string }) => void} onFrozen */
export function bindActivity(onFrozen) {
  more.addEventListener('click', () => void addMore());
  find('[data-not-me-cancel]', HTMLButtonElement, dialog).addEventListener('click', () => dialog.close());
  onSubmit('not-me', async () => {
    const told = await asOwner('POST', `/v1/me/activity/${denied}/not-me`);
    dialog.close();
    onFrozen(told);
  });
}

/** The newest entries, from the start. */
export async function showActivity() {
  list.replaceChildren();
  await addEntries('');
  find('[data-no-activity]', HTMLElement, card).hidden = list.children.length > 0;
}

/** The first of the entries that came gets the focus, where a reader goes on. */
async function addMore() {
  if (more.ariaBusy === 'true') return;
  const place = find('[data-error]', HTMLElement, card);
  place.hidden = true;
  more.ariaBusy = 'true';
  const { length } = list.children;
  try {
    await addEntries(`&cursor=${next}`);
    const first = list.children[length];
    if (first instanceof HTMLElement) first.focus();
  } catch (error) {
    tell(place, describe(error instanceof Refusal ? error : new Refusal('unexpected', {}, 0)));
  } finally {
    more.ariaBusy = 'false';
  }
}

/** @param {string} query */
async function addEntries(query) {
  const { items, nextCursor } = await asOwner('GET', `/v1/me/activity?limit=${PAGE}${query}`);
  list.append(...items.map(entry));
  next = nextCursor ?? '';
  more.hidden = nextCursor === null;
}

/** @param {Entry} item */
function entry(item) {
  const facts = factsOf(item);
  const about = element('div', {}, element('strong', {}, item.text), element('small', {}, facts));
  // What support and servers did is nobody's to deny; what the app saw is.
  if (!['you', 'somebody'].includes(item.by) && item.type !== 'host.event')
    return element('li', { tabindex: '-1' }, about);
  const label = say('page.activity.not-me-this', { name: item.text, time: formatTime(item.at) });
  const attributes = { type: 'button', class: 'quiet', 'aria-label': label };
  const button = element('button', attributes, say('page.activity.not-me'));
  button.addEventListener('click', () => {
    denied = item.id;
    fill(dialog, { entry: item.text, 'entry-facts': facts });
    dialog.showModal();
  });
  return element('li', { tabindex: '-1' }, about, button);
}

/** @param {Entry} item */
function factsOf({ at, by, ip, place, device }) {
  const who = ['support', 'system', 'app'].includes(by) ? say(`page.activity.by.${by}`) : '';
  const what = device && (device.browser ?? device.os) !== null ? nameOf(device) : '';
  return [formatTime(at), who, what, place?.text, ip].filter((fact) => fact).join(' · ');
}
