// @ts-check
import { call, Refusal } from './api.js';
import { find } from './dom.js';
import { bindButtons, onSubmit, tell } from './form.js';
import { takeLinkToken } from './link-token.js';
import { bindPasskeyProof, offerPasskeyProof } from './passkey-proof.js';
import { show } from './steps.js';
import { say } from './texts.js';

const token = takeLinkToken();
const code = find('[data-code]', HTMLElement);
/** What a passkey signed for this reset. @type {Record<string, unknown> | undefined} */
let credential;

bindButtons();
bindPasskeyProof(
  () => call('POST', '/v1/auth/password-reset/passkey-options', { body: { token } }),
  (signed) => {
    credential = signed;
  },
);
if (token !== undefined) show('choose');

onSubmit('request', async ({ identifier }) => {
  await call('POST', '/v1/auth/password-reset', { body: { identifier } });
  show('requested');
});

onSubmit('choose', async (values, form) => {
  try {
    await call('POST', '/v1/auth/password-reset/confirm', { body: { token, ...values, credential } });
    show('done');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'second-factor-required') askForCode(error.body['factors'] ?? []);
    else if (error.code === 'invalid-token') startAgain();
    else if (error.code === 'account-held') tell(find('[data-error]', HTMLElement, form), say('page.reset.held'));
    else throw error;
  }
});

/** @param {string[]} factors */
function askForCode(factors) {
  offerPasskeyProof(factors.includes('passkey'));
  code.hidden = false;
  const input = find('input', HTMLInputElement, code);
  input.required = true;
  input.focus();
}

function startAgain() {
  const step = show('request');
  tell(find('[data-error]', HTMLElement, step), say('page.reset.stale'));
}
