// @ts-check
import { call } from './api.js';
import { all, fill, find, onPress } from './dom.js';
import { onSubmit } from './form.js';
import { bindKeeping } from './keep.js';
import { show } from './steps.js';
import { createPasskey } from './webauthn.js';

let enrolmentToken = '';

/**
 * The steps that bind a first second factor and are signed in by it.
 * @param {() => void} arrive
 */
export function bindEnrolment(arrive) {
  bindKeeping();
  onSubmit('enrol-totp', async ({ code = '' }) => {
    showCodes(await confirm('totp', { code: code.replace(/\s/g, '') }));
  });
  onSubmit('enrol-passkey', async () => {
    const options = await call('POST', '/v1/auth/enrolment/passkey', { body: { enrolmentToken } });
    showCodes(await confirm('passkey', { credential: await createPasskey(options) }));
  });
  onPress('[data-enrolled-go-on]', arrive);
}

/**
 * Shows the secret to scan. Throws Refusal.
 * @param {{ enrolmentToken: string }} answer
 */
export async function startEnrolment(answer) {
  enrolmentToken = answer.enrolmentToken;
  const { secret, qrSvg } = await call('POST', '/v1/auth/enrolment/totp', { body: { enrolmentToken } });
  const step = show('enrol');
  // As an image it is inert: no script or style of the drawing ever runs in the page.
  find('[data-enrol-qr]', HTMLImageElement, step).src = `data:image/svg+xml,${encodeURIComponent(qrSvg)}`;
  fill(step, { 'enrol-secret': secret });
  all('input', step)[0]?.focus();
}

/**
 * @param {'totp' | 'passkey'} factor
 * @param {Record<string, unknown>} proof
 */
async function confirm(factor, proof) {
  const body = { enrolmentToken, tokens: 'cookie', ...proof };
  return await call('POST', `/v1/auth/enrolment/${factor}/confirm`, { body });
}

/** @param {{ recoveryCodes: string[] }} enrolled */
function showCodes({ recoveryCodes }) {
  fill(document, { 'enrol-secret': '', 'enrolled-codes': recoveryCodes.join('\n') });
  find('[data-enrol-qr]', HTMLImageElement).removeAttribute('src');
  show('enrolled');
}
