// @ts-check
import { all, fill, find, onPress } from './dom.js';
import { onSubmit } from './form.js';
import { asOwner } from './session.js';
import { say } from './texts.js';

const card = find('[data-text-codes]', HTMLElement);
const questions = ['ask-text-codes', 'ask-texted', 'ask-no-text-codes'];

/**
 * The card of codes by text message: turned on with the code that was texted, and off.
 * @param {() => Promise<void>} reload
 */
export function bindTextCodes(reload) {
  for (const button of all('[data-text-codes-open]', card)) {
    button.addEventListener('click', () => question(button.dataset['textCodesOpen'] ?? ''));
  }
  onPress('[data-text-codes-back]', () => question(''));
  onSubmit('text-codes', async (values) => {
    const { phone } = await asOwner('POST', '/v1/me/sms', values);
    fill(card, { 'text-codes-sent': say('page.text-codes.sent', { to: phone }) });
    question('ask-texted');
  });
  onSubmit('texted', async ({ code }) => {
    await asOwner('POST', '/v1/me/sms/confirm', { code });
    await back(reload);
  });
  onSubmit('no-text-codes', async (values) => {
    await asOwner('DELETE', '/v1/me/sms', values);
    await back(reload);
  });
}

/**
 * @param {boolean} isOn
 * @param {boolean} isOffered
 */
export function showTextCodes(isOn, isOffered) {
  card.hidden = !isOn && !isOffered;
  for (const place of all('[data-text-codes-on]', card)) place.hidden = !isOn;
  for (const place of all('[data-text-codes-off]', card)) place.hidden = isOn;
  question('');
}

/** One question at a time, or none. @param {string} id */
function question(id) {
  for (const each of questions) find(`#${each}`, HTMLElement, card).hidden = each !== id;
  for (const form of all('form', card)) if (form instanceof HTMLFormElement) form.reset();
  if (id) all('input', find(`#${id}`, HTMLElement, card))[0]?.focus();
}

/** @param {() => Promise<void>} reload */
async function back(reload) {
  await reload();
  find('h2', HTMLElement, card).focus();
}
