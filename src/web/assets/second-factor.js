// @ts-check
import { Refusal } from './api.js';
import { all, fill, find, onPress } from './dom.js';
import { ask, describe, onSubmit, tell } from './form.js';
import { asOwner } from './session.js';
import { say } from './texts.js';

/** @typedef {{ totp: boolean, recoveryCodesLeft: number }} SecondFactor */

const card = find('[data-factor]', HTMLElement);
const qr = find('[data-qr]', HTMLImageElement, card);

/**
 * The authenticator's card: on or off, turned on and off, recovery codes.
 * @param {() => Promise<void>} reload
 */
export function bindSecondFactor(reload) {
  onPress('[data-enrol]', enrol);
  onPress('[data-part-cancel]', () => void part('off'));
  onPress('[data-codes-kept]', async () => {
    fill(card, { codes: '' });
    await reload();
    find('h2', HTMLElement, card).focus();
  });
  onSubmit('totp-confirm', async ({ code = '' }) => {
    showCodes(await asOwner('POST', '/v1/me/totp/confirm', { code: digits(code) }));
  });
  onSubmit('codes', async ({ code = '' }) => {
    const fresh = await asOwner('POST', '/v1/me/recovery-codes', { code: digits(code) });
    ask('ask-codes', false);
    showCodes(fresh);
  });
  onSubmit('totp-remove', async ({ code = '' }) => {
    await asOwner('DELETE', '/v1/me/totp', { code: digits(code) });
    ask('ask-remove', false);
    await reload();
  });
}

/** @param {SecondFactor} state */
export function showSecondFactor({ totp, recoveryCodesLeft }) {
  const key = recoveryCodesLeft === 0 ? 'none-left' : recoveryCodesLeft < 4 ? 'left-few' : 'left';
  fill(card, { left: say(`page.totp.${key}`, { left: String(recoveryCodesLeft) }) });
  part(totp ? 'on' : 'off');
}

async function enrol() {
  try {
    const { secret, qrSvg } = await asOwner('POST', '/v1/me/totp');
    // As an image it is inert: no script or style of the drawing ever runs in the page.
    qr.src = `data:image/svg+xml,${encodeURIComponent(qrSvg)}`;
    fill(card, { secret });
    all('input', part('enrol'))[0]?.focus();
  } catch (error) {
    tell(
      find('[data-factor-error]', HTMLElement, card),
      describe(error instanceof Refusal ? error : new Refusal('unexpected', {}, 0)),
    );
  }
}

/** @param {{ recoveryCodes: string[] }} issued */
function showCodes({ recoveryCodes }) {
  qr.removeAttribute('src');
  fill(card, { secret: '', codes: recoveryCodes.join('\n') });
  find('h3', HTMLElement, part('codes')).focus();
}

/**
 * @param {string} name
 * @returns {HTMLElement}
 */
function part(name) {
  for (const each of all('[data-part]', card)) each.hidden = each.dataset['part'] !== name;
  for (const form of all('form', card)) if (form instanceof HTMLFormElement) form.reset();
  return find(`[data-part="${name}"]`, HTMLElement, card);
}

/** Apps show codes with a gap. @param {string} code */
function digits(code) {
  return code.replace(/\s/g, '');
}
