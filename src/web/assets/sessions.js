// @ts-check
import { Refusal } from './api.js';
import { element, find, onPress } from './dom.js';
import { describe, tell } from './form.js';
import { asOwner } from './session.js';
import { say } from './texts.js';
import { formatTime } from './times.js';

/** @typedef {{ browser: string | null, os: string | null }} Device */
/** @typedef {{ id: string, current: boolean, lastSeenAt: string, ip: string | null, place: { text: string } | null }} Entry */

const sessions = find('[data-sessions]', HTMLElement);
const devices = find('[data-devices]', HTMLElement);
const endOthers = find('[data-end-others]', HTMLElement, sessions);
const more = find('[data-more-sessions]', HTMLElement, sessions);
let next = '';

/** The buttons that are always there. */
export function bindSessions() {
  onPress('[data-end-others]', async () => {
    await attempt(sessions, async () => {
      await asOwner('POST', '/v1/me/sessions/revoke-others');
      await showSessions();
      const ended = find('[data-others-ended]', HTMLElement, sessions);
      ended.hidden = false;
      ended.focus();
    });
  });
  onPress('[data-more-sessions]', async () => {
    await attempt(sessions, () => addSessions(`?cursor=${next}`));
  });
}

/** Both lists, from the start. */
export async function showSessions() {
  find('[data-others-ended]', HTMLElement, sessions).hidden = true;
  find('[data-list=sessions]', HTMLElement).replaceChildren();
  await addSessions('');
  const { items } = await asOwner('GET', '/v1/me/devices');
  find('[data-no-devices]', HTMLElement, devices).hidden = items.length > 0;
  find('[data-list=devices]', HTMLElement).replaceChildren(
    ...items.map((/** @type {Entry & Device} */ item) =>
      entry(item, item, devices, { path: '/v1/me/devices', kind: 'devices', verb: 'forget' }),
    ),
  );
}

/** @param {string} query */
async function addSessions(query) {
  const { items, nextCursor } = await asOwner('GET', `/v1/me/sessions${query}`);
  const list = find('[data-list=sessions]', HTMLElement);
  list.append(
    ...items.map((/** @type {Entry & { device: Device }} */ item) =>
      entry(item, item.device, sessions, { path: '/v1/me/sessions', kind: 'sessions', verb: 'end' }),
    ),
  );
  next = nextCursor ?? '';
  more.hidden = nextCursor === null;
  endOthers.hidden = list.children.length < 2 && nextCursor === null;
}

/**
 * @param {Entry} item
 * @param {Device} device
 * @param {HTMLElement} card
 * @param {{ path: string, kind: string, verb: string }} end
 */
function entry({ id, current, lastSeenAt, ip, place }, device, card, { path, kind, verb }) {
  const name = nameOf(device);
  const time = formatTime(lastSeenAt);
  const facts = [place?.text, ip, say('page.sessions.seen', { time })].filter((fact) => fact);
  const about = element('div', {}, element('strong', {}, name), element('small', {}, facts.join(' · ')));
  if (current) return element('li', {}, about, element('span', { class: 'here' }, say(`page.${kind}.here`)));
  const label = say(`page.${kind}.${verb}-this`, { name, time });
  const button = element(
    'button',
    { type: 'button', class: 'quiet', 'aria-label': label },
    say(`page.${kind}.${verb}`),
  );
  button.addEventListener('click', () => {
    void attempt(card, async () => {
      await asOwner('DELETE', `${path}/${id}`).catch((error) => {
        // It ended in the meantime: what was wanted.
        if (!(error instanceof Refusal && error.code === 'not-found')) throw error;
      });
      await showSessions();
      find('h2', HTMLElement, card).focus();
    });
  });
  return element('li', {}, about, button);
}

/** @param {Device} device */
export function nameOf({ browser, os }) {
  if (browser !== null && os !== null) return say('page.device.name', { browser, os });
  return browser ?? os ?? say('page.device.unknown');
}

/**
 * Does what was asked, once at a time, and tells beside it why not.
 * @param {HTMLElement} card
 * @param {() => Promise<void>} work
 */
async function attempt(card, work) {
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
