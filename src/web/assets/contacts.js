// @ts-check
import { Refusal } from './api.js';
import { all, element, fill, find } from './dom.js';
import { ask, onSubmit, tell } from './form.js';
import { asOwner } from './session.js';
import { say } from './texts.js';
import { formatTime } from './times.js';

/** @typedef {{ id: string, email: string, confirmed: boolean }} NoticeAddress */
/** @typedef {{ kind: string, changedAt: string, undoUntil: string }} Recent */
/**
 * @typedef {{ email: string, username: string | null, phone: string | null, phoneConfirmed: boolean,
 *   canChangePhone: boolean, offersTexts: boolean, recent: Recent[], noticeAddresses: NoticeAddress[] }} Contacts
 */

const card = find('[data-contacts]', HTMLElement);
const note = find('[data-contacts-note]', HTMLElement, card);
let removing = '';

/**
 * The card of addresses and phone: changes are confirmed from the new one.
 * @param {() => Promise<void>} reload
 */
export function bindContacts(reload) {
  onSubmit('email-change', async ({ newEmail = '', ...rest }) => {
    await asOwner('POST', '/v1/me/email-change', { newEmail, ...rest });
    ask('ask-email', false);
    tell(note, say('page.contacts.email-sent', { to: newEmail }));
  });
  onSubmit('phone-change', async ({ newPhone = '', ...rest }) => {
    await asOwner('POST', '/v1/me/phone-change', { newPhone, ...rest });
    fill(card, { 'phone-sent': say('page.contacts.phone-sent', { to: newPhone }) });
    all('input', phonePart('code'))[0]?.focus();
  });
  onSubmit('phone-confirm', async ({ code }) => {
    await asOwner('POST', '/v1/me/phone-change/confirm', { code });
    ask('ask-phone', false);
    await reload();
  });
  onSubmit('username', async (values, form) => {
    try {
      await asOwner('PUT', '/v1/me/username', values);
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'account-exists')) throw error;
      return tell(find('[data-error]', HTMLElement, form), say('page.contacts.taken'));
    }
    ask('ask-username', false);
    await reload();
  });
  onSubmit('notice-add', async ({ email = '', ...rest }) => {
    await asOwner('POST', '/v1/me/notice-addresses', { email, ...rest });
    ask('ask-notice', false);
    await reload();
    tell(note, say('page.contacts.email-sent', { to: email }));
  });
  onSubmit('notice-remove', async (values) => {
    await asOwner('DELETE', `/v1/me/notice-addresses/${removing}`, values);
    ask('ask-notice-removal', false);
    await reload();
  });
}

/** @param {boolean} hasCode whether a second factor's code is asked for */
export async function showContacts(hasCode) {
  note.hidden = true;
  for (const place of all('[data-contact-code]', card)) {
    place.hidden = !hasCode;
    find('input', HTMLInputElement, place).required = hasCode;
  }
  /** @type {Contacts} */
  const contacts = await asOwner('GET', '/v1/me/contacts');
  const { email, username, phone, phoneConfirmed } = contacts;
  const unconfirmed = phone !== null && !phoneConfirmed ? ` (${say('page.contacts.unconfirmed')})` : '';
  fill(card, {
    'contact-email': email,
    'contact-username': username ?? say('page.contacts.none'),
    'contact-phone': `${phone ?? say('page.contacts.none')}${unconfirmed}`,
  });
  find('[data-open=ask-phone]', HTMLElement, card).hidden = !contacts.canChangePhone;
  phonePart('number');
  showRecent(contacts.recent);
  find('[data-list=notice-addresses]', HTMLElement, card).replaceChildren(
    ...contacts.noticeAddresses.map((address) => addressEntry(address)),
  );
  return contacts;
}

/** @param {Recent[]} recent newest first */
function showRecent(recent) {
  for (const entry of all('[data-contact]', card)) {
    const change = recent.find(({ kind }) => kind === entry.dataset['contact']);
    const place = find('[data-recent]', HTMLElement, entry);
    place.hidden = change === undefined;
    if (!change) continue;
    const values = { time: formatTime(change.changedAt), until: formatTime(change.undoUntil) };
    place.textContent = say('page.contacts.recent', values);
  }
}

/** @param {NoticeAddress} address */
function addressEntry({ id, email, confirmed }) {
  const attributes = { type: 'button', class: 'quiet', 'data-open': 'ask-notice-removal', 'aria-expanded': 'false' };
  const remove = element('button', attributes, say('page.contacts.notices.remove'));
  remove.ariaLabel = `${say('page.contacts.notices.remove')}: ${email}`;
  remove.addEventListener('click', () => {
    removing = id;
    fill(card, { 'removed-address': email });
    ask('ask-notice-removal', true);
  });
  const waiting = confirmed ? [] : [element('small', {}, say('page.contacts.notices.waiting'))];
  return element('li', {}, element('div', {}, element('strong', {}, email), ...waiting), remove);
}

/**
 * @param {'number' | 'code'} name
 * @returns {HTMLElement}
 */
function phonePart(name) {
  for (const part of all('[data-phone]', card)) part.hidden = part.dataset['phone'] !== name;
  return find(`[data-phone="${name}"]`, HTMLElement, card);
}
