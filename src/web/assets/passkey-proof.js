// @ts-check
import { all, find } from './dom.js';
import { showRefusal } from './form.js';
import { canUsePasskeys, usePasskey } from './webauthn.js';

/**
 * The buttons that answer with a passkey where a form asks for a code: they sign, and send the form.
 * @param {() => Promise<any>} askOptions
 * @param {(credential: Record<string, unknown> | undefined) => void} keep takes what was signed, for the form's call
 */
export function bindPasskeyProof(askOptions, keep) {
  for (const button of all('[data-passkey-proof]')) {
    const form = button.closest('form');
    if (!(form instanceof HTMLFormElement)) continue;
    button.addEventListener('click', () => void prove(form, askOptions, keep));
  }
}

/** @param {boolean} isOffered */
export function offerPasskeyProof(isOffered) {
  for (const button of all('[data-passkey-proof]')) button.hidden = !(isOffered && canUsePasskeys());
}

/**
 * @param {HTMLFormElement} form
 * @param {() => Promise<any>} askOptions
 * @param {(credential: Record<string, unknown> | undefined) => void} keep
 */
async function prove(form, askOptions, keep) {
  const code = find('[name=code]', HTMLInputElement, form);
  const wasRequired = code.required;
  code.value = '';
  code.required = false;
  try {
    // Nobody is asked for a finger before the rest of the form is filled in.
    if (!form.reportValidity()) return;
    keep(await usePasskey(await askOptions()));
    form.requestSubmit();
    // Taken by the call that the form has just begun.
    keep(undefined);
  } catch (error) {
    showRefusal(form, error);
  } finally {
    code.required = wasRequired;
  }
}
