// @ts-check
import { Refusal } from './api.js';
import { all, element, fill, find, onPress } from './dom.js';
import { ask, describe, onSubmit, tell } from './form.js';
import { asOwner } from './session.js';
import { say } from './texts.js';
import { formatTime } from './times.js';

/** @typedef {{ totp: boolean, passkeys: number, recoveryCodesLeft: number, recoveryCodesLow: boolean }} SecondFactor */
/** @typedef {{ id: string, name: string, createdAt: string, lastUsedAt?: string, disabled: boolean }} Authenticator */

const card = find('[data-factor]', HTMLElement);
const qr = find('[data-qr]', HTMLImageElement, card);
const questions = ['ask-totp', 'ask-rename', 'ask-remove'];
/** The authenticator a question is about; none for a further one. @type {Authenticator | undefined} */
let chosen;
let hasFactor = false;

/**
 * The card of authenticators and recovery codes.
 * @param {() => Promise<void>} reload
 */
export function bindSecondFactor(reload) {
  onPress('[data-enrol]', async () => {
    if (hasFactor) return question('ask-totp', undefined);
    try {
      showKey(await asOwner('POST', '/v1/me/totp'));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal('unexpected', {}, 0);
      tell(find('[data-factor-error]', HTMLElement, card), describe(refusal));
    }
  });
  onPress('[data-add]', () => question('ask-totp', undefined));
  onPress('[data-part-cancel]', () => void part('list'));
  onPress('[data-codes-kept]', async () => {
    fill(card, { codes: '' });
    await back(reload);
  });
  onSubmit('totp-start', async ({ name = '', code = '' }) => {
    const replaces = chosen === undefined ? {} : { replaces: chosen.id };
    showKey(await asOwner('POST', '/v1/me/totp', { name, code: digits(code), ...replaces }));
  });
  onSubmit('totp-confirm', async ({ code = '' }) => {
    const { recoveryCodes } = await asOwner('POST', '/v1/me/totp/confirm', { code: digits(code) });
    if (recoveryCodes.length > 0) return showCodes(recoveryCodes);
    await back(reload);
    find('[data-factor-done]', HTMLElement, card).hidden = false;
  });
  onSubmit('totp-rename', async ({ name = '' }) => {
    await asOwner('PUT', `/v1/me/totp/${chosen?.id}`, { name });
    await back(reload);
  });
  onSubmit('totp-remove', async ({ code = '' }) => {
    await asOwner('DELETE', `/v1/me/totp/${chosen?.id}`, { code: digits(code) });
    await back(reload);
  });
  onSubmit('codes', async ({ code = '' }) => {
    const { recoveryCodes } = await asOwner('POST', '/v1/me/recovery-codes', { code: digits(code) });
    ask('ask-codes', false);
    showCodes(recoveryCodes);
  });
}

/** @param {SecondFactor} state */
export async function showSecondFactor({ totp, passkeys, recoveryCodesLeft, recoveryCodesLow }) {
  hasFactor = totp || passkeys > 0;
  const key = recoveryCodesLeft === 0 ? 'none-left' : recoveryCodesLow ? 'left-few' : 'left';
  fill(card, { left: say(`page.totp.${key}`, { left: String(recoveryCodesLeft) }) });
  find('[data-recovery]', HTMLElement, card).hidden = !hasFactor;
  find('[data-open=ask-codes]', HTMLElement, card).className = recoveryCodesLow ? '' : 'quiet';
  for (const place of all('[data-totp-on]', card)) place.hidden = !totp;
  for (const place of all('[data-totp-off]', card)) place.hidden = totp;
  const { items } = await asOwner('GET', '/v1/me/totp');
  find('[data-list=authenticators]', HTMLElement, card).replaceChildren(...items.map(entry));
  part('list');
}

/** @param {Authenticator} authenticator */
function entry(authenticator) {
  const { name, createdAt, lastUsedAt, disabled } = authenticator;
  const used =
    lastUsedAt === undefined ? say('page.totp.unused') : say('page.totp.used', { time: formatTime(lastUsedAt) });
  const facts = `${say('page.totp.added', { time: formatTime(createdAt) })} · ${used}`;
  const state = disabled ? [element('small', { class: 'doubt' }, say('page.totp.disabled'))] : [];
  const about = element('div', {}, element('strong', {}, name), element('small', {}, facts), ...state);
  const buttons = [
    ['ask-rename', 'page.totp.rename.button', 'page.totp.rename-this'],
    ['ask-totp', 'page.totp.replace.button', 'page.totp.replace-this'],
    ['ask-remove', 'page.totp.remove.button', 'page.totp.remove'],
  ].map(([id = '', text = '', label = '']) => {
    const attributes = { type: 'button', class: 'quiet', 'data-open': id, 'aria-label': say(label, { name }) };
    const button = element('button', attributes, say(text));
    button.addEventListener('click', () => question(id, authenticator));
    return button;
  });
  return element('li', {}, about, element('span', { class: 'row' }, ...buttons));
}

/**
 * One question at a time, with the authenticator it is about in its title.
 * @param {string} id
 * @param {Authenticator | undefined} about
 */
function question(id, about) {
  chosen = about;
  const name = about?.name ?? '';
  fill(card, {
    'start-title': about ? say('page.totp.replace.title', { name }) : say('page.totp.add.title'),
    'rename-title': say('page.totp.rename.title', { name }),
    'remove-title': say('page.totp.remove', { name }),
  });
  find('[data-replacing]', HTMLElement, card).hidden = about === undefined;
  for (const other of questions) find(`#${other}`, HTMLElement, card).hidden = other !== id;
  for (const form of all('form', card)) if (form instanceof HTMLFormElement) form.reset();
  for (const input of all('[name=name]', card)) if (input instanceof HTMLInputElement) input.value = name;
  all('input', find(`#${id}`, HTMLElement, card))[0]?.focus();
}

/** @param {() => Promise<void>} reload */
async function back(reload) {
  await reload();
  find('h2', HTMLElement, card).focus();
}

/** @param {{ secret: string, qrSvg: string }} shown */
function showKey({ secret, qrSvg }) {
  const place = part('enrol');
  // As an image it is inert: no script or style of the drawing ever runs in the page.
  qr.src = `data:image/svg+xml,${encodeURIComponent(qrSvg)}`;
  fill(card, { secret });
  all('input', place)[0]?.focus();
}

/** @param {string[]} codes */
function showCodes(codes) {
  const place = part('codes');
  fill(card, { codes: codes.join('\n') });
  find('h3', HTMLElement, place).focus();
}

/**
 * @param {string} name
 * @returns {HTMLElement}
 */
function part(name) {
  qr.removeAttribute('src');
  fill(card, { secret: '' });
  for (const place of all('.ask, [data-factor-done], .error', card)) place.hidden = true;
  for (const each of all('[data-part]', card)) each.hidden = each.dataset['part'] !== name;
  for (const form of all('form', card)) if (form instanceof HTMLFormElement) form.reset();
  return find(`[data-part="${name}"]`, HTMLElement, card);
}

/** Apps show codes with a gap. @param {string} code */
function digits(code) {
  return code.replace(/\s/g, '');
}
