// @ts-check
import { Refusal } from './api.js';
import { all, element, fill, find, onPress } from './dom.js';
import { describe, onSubmit, tell } from './form.js';
import { bindPasskeyProof, offerPasskeyProof } from './passkey-proof.js';
import { asOwner, proveNext } from './session.js';
import { say } from './texts.js';
import { formatTime } from './times.js';
import { canUsePasskeys, createPasskey } from './webauthn.js';

/** @typedef {{ id: string, name: string, createdAt: string, lastUsedAt: string | null, isBackedUp: boolean }} Passkey */
/** @typedef {{ totp: boolean, passkeys: number }} SecondFactor */

const card = find('[data-passkeys]', HTMLElement);
const done = find('[data-passkey-done]', HTMLElement, card);
const questions = ['ask-passkey', 'ask-passkey-name', 'ask-passkey-removal'];
let chosen = '';
let hasFactor = false;

/**
 * The card of passkeys: added, named, removed.
 * @param {() => Promise<void>} reload
 */
export function bindPasskeys(reload) {
  bindPasskeyProof(() => asOwner('POST', '/v1/me/passkey/options'), proveNext);
  onPress('[data-passkey-add]', async () => {
    if (hasFactor) return question('ask-passkey', undefined);
    await attempt(() => add({}, reload));
  });
  onPress('[data-passkey-back]', () => void part('list'));
  onPress('[data-passkey-codes-kept]', async () => {
    fill(card, { 'passkey-codes': '' });
    await back(reload);
  });
  onSubmit('passkey-add', async (values) => {
    await add(values, reload);
  });
  onSubmit('passkey-name', async ({ name }) => {
    await asOwner('PUT', `/v1/me/passkeys/${chosen}`, { name });
    await back(reload);
  });
  onSubmit('passkey-remove', async (values) => {
    await asOwner('DELETE', `/v1/me/passkeys/${chosen}`, values);
    await back(reload);
  });
}

/** @param {SecondFactor} secondFactor */
export async function showPasskeys({ totp, passkeys }) {
  hasFactor = totp || passkeys > 0;
  offerPasskeyProof(passkeys > 0);
  const { items } = await asOwner('GET', '/v1/me/passkeys');
  find('[data-no-passkeys]', HTMLElement, card).hidden = items.length > 0;
  find('[data-list=passkeys]', HTMLElement, card).replaceChildren(...items.map(entry));
  find('[data-passkey-add]', HTMLElement, card).hidden = !canUsePasskeys();
  find('[data-passkey-unable]', HTMLElement, card).hidden = canUsePasskeys();
  part('list');
}

/**
 * @param {Record<string, string>} proof
 * @param {() => Promise<void>} reload
 */
async function add(proof, reload) {
  const options = await asOwner('POST', '/v1/me/passkeys/options', proof);
  const credential = await createPasskey(options);
  const { recoveryCodes } = await asOwner('POST', '/v1/me/passkeys', { credential });
  if (recoveryCodes === undefined) {
    await back(reload);
    done.hidden = false;
    return;
  }
  const place = part('codes');
  fill(card, { 'passkey-codes': recoveryCodes.join('\n') });
  find('h3', HTMLElement, place).focus();
}

/** @param {Passkey} passkey */
function entry(passkey) {
  const { name, createdAt, lastUsedAt, isBackedUp } = passkey;
  const used =
    lastUsedAt === null ? say('page.passkeys.unused') : say('page.passkeys.used', { time: formatTime(lastUsedAt) });
  const where = isBackedUp ? [say('page.passkeys.synced')] : [];
  const facts = [say('page.passkeys.added', { time: formatTime(createdAt) }), used, ...where].join(' · ');
  const about = element('div', {}, element('strong', {}, name), element('small', {}, facts));
  const buttons = [
    ['ask-passkey-name', 'page.passkeys.rename', 'page.passkeys.rename-this'],
    ['ask-passkey-removal', 'page.passkeys.remove', 'page.passkeys.remove-this'],
  ].map(([id = '', text = '', label = '']) => {
    const button = element('button', { type: 'button', class: 'quiet', 'aria-label': say(label, { name }) }, say(text));
    button.addEventListener('click', () => question(id, passkey));
    return button;
  });
  return element('li', {}, about, element('span', { class: 'choices-of' }, ...buttons));
}

/**
 * One question at a time, with the passkey it is about in its title.
 * @param {string} id
 * @param {Passkey | undefined} about
 */
function question(id, about) {
  part('list');
  chosen = about?.id ?? '';
  const name = about?.name ?? '';
  fill(card, {
    'passkey-name-title': say('page.passkeys.rename-this', { name }),
    'passkey-remove-title': say('page.passkeys.remove-this', { name }),
  });
  const place = find(`#${id}`, HTMLElement, card);
  place.hidden = false;
  for (const input of all('[name=name]', card)) if (input instanceof HTMLInputElement) input.value = name;
  all('input', place)[0]?.focus();
}

/**
 * @param {string} name
 * @returns {HTMLElement}
 */
function part(name) {
  done.hidden = true;
  for (const id of questions) find(`#${id}`, HTMLElement, card).hidden = true;
  for (const place of all('.error', card)) place.hidden = true;
  for (const each of all('[data-part]', card)) each.hidden = each.dataset['part'] !== name;
  for (const form of all('form', card)) if (form instanceof HTMLFormElement) form.reset();
  return find(`[data-part="${name}"]`, HTMLElement, card);
}

/** @param {() => Promise<void>} reload */
async function back(reload) {
  await reload();
  find('h2', HTMLElement, card).focus();
}

/** @param {() => Promise<void>} work */
async function attempt(work) {
  if (card.ariaBusy === 'true') return;
  const place = find('[data-passkey-error]', HTMLElement, card);
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
