// @ts-check
import { Refusal } from './api.js';
import { find } from './dom.js';
import { onSubmit, showRefusal } from './form.js';
import { asOwner, onInsufficient, useToken } from './session.js';
import { canUsePasskeys, usePasskey } from './webauthn.js';

const dialog = find('[data-step-up]', HTMLDialogElement);
const form = find('[data-form=step-up]', HTMLFormElement, dialog);
const code = find('[name=code]', HTMLInputElement, form);
const passkey = find('[data-step-up-passkey]', HTMLElement, form);
/** Called once the owner confirmed, or would not. @type {(isConfirmed: boolean) => void} */
let settle = () => {};

/** Lets a change that needs it ask the owner to confirm who they are, over the page, and then go on. */
export function bindStepUp() {
  onInsufficient(confirm);
  onSubmit('step-up', async ({ password, code: typed }) => {
    await stepUp({ password, ...(typed === undefined ? {} : { code: typed.trim() }) });
  });
  find('button', HTMLButtonElement, passkey).addEventListener('click', () => void byPasskey());
  find('[data-step-up-cancel]', HTMLButtonElement, form).addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => {
    form.reset();
    settle(false);
  });
}

/** What the account has to confirm with. @param {{ totp: boolean, passkeys: number }} factors */
export function showStepUp({ totp, passkeys }) {
  const hasFactor = totp || passkeys > 0;
  find('[data-step-up-code]', HTMLElement, form).hidden = !hasFactor;
  code.disabled = !hasFactor;
  code.required = hasFactor;
  passkey.hidden = !(passkeys > 0 && canUsePasskeys());
}

/** @returns {Promise<boolean>} */
async function confirm() {
  const confirmed = new Promise((resolve) => {
    settle = resolve;
  });
  dialog.showModal();
  return await confirmed;
}

async function byPasskey() {
  try {
    await stepUp({ credential: await usePasskey(await asOwner('POST', '/v1/me/passkey/options')) });
  } catch (error) {
    showRefusal(form, error);
  }
}

/** @param {Record<string, unknown>} body */
async function stepUp(body) {
  try {
    const { accessToken } = await asOwner('POST', '/v1/me/step-up', body);
    useToken(accessToken);
    settle(true);
    dialog.close();
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'invalid-credentials')) throw error;
    throw new Refusal('step-up-wrong', {}, 0);
  }
}
