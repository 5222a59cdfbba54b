// @ts-check
import { Refusal } from './api.js';
import { find } from './dom.js';
import { ask, onSubmit, tell } from './form.js';
import { asOwner } from './session.js';
import { say } from './texts.js';

const card = find('[data-password]', HTMLElement);
const code = find('[data-password-code]', HTMLElement, card);
const done = find('[data-password-changed]', HTMLElement, card);

/**
 * The password's card: other devices are signed out by a change, this one stays.
 * @param {() => Promise<void>} reload
 */
export function bindPassword(reload) {
  onSubmit('password', async ({ currentPassword, newPassword, code: given }, form) => {
    const body = { currentPassword, newPassword, ...(given === undefined ? {} : { code: given.trim() }) };
    try {
      await asOwner('PUT', '/v1/me/password', body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'second-factor-required') return askForCode(true);
      if (error.code !== 'invalid-credentials') throw error;
      const input = find('#current-password', HTMLInputElement, form);
      input.setAttribute('aria-invalid', 'true');
      tell(find('#current-password-error', HTMLElement, form), say('page.password.wrong'));
      input.focus();
      return;
    }
    ask('ask-password', false);
    await reload();
    done.hidden = false;
  });
}

/** @param {{ email: string, secondFactor: { totp: boolean, passkeys: number } }} me */
export function showPassword({ email, secondFactor }) {
  find('[data-username]', HTMLInputElement, card).defaultValue = email;
  done.hidden = true;
  askForCode(secondFactor.totp || secondFactor.passkeys > 0);
}

/** @param {boolean} isAsked */
function askForCode(isAsked) {
  const wasHidden = code.hidden;
  code.hidden = !isAsked;
  const input = find('input', HTMLInputElement, code);
  input.required = isAsked;
  if (isAsked && wasHidden && document.activeElement?.closest('[data-password]')) input.focus();
}
