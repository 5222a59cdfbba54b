// @ts-check
import { call, Refusal } from './api.js';
import { all, fill, find, onPress } from './dom.js';
import { bindButtons, onSubmit } from './form.js';
import { bindKeeping } from './keep.js';
import { takeLinkToken } from './link-token.js';
import { show } from './steps.js';

const link = takeLinkToken();
let token = '';

bindButtons();
bindKeeping();
if (link === undefined) show('stale');

// The link opens once: only a press uses it, so that a mail scanner cannot.
onSubmit('open', () =>
  orStale(async () => {
    const { recoveryToken } = await call('POST', '/v1/auth/recovery', { body: { token: link } });
    token = recoveryToken;
    show('choose');
  }),
);

onSubmit('choose', ({ newPassword }) =>
  orStale(async () => {
    await call('POST', '/v1/auth/recovery/password', { body: { newPassword }, token });
    await showSecret();
  }),
);

onSubmit('bind', ({ code = '' }) =>
  orStale(async () => {
    const body = { code: code.replace(/\s/g, '') };
    const { recoveryCodes } = await call('POST', '/v1/auth/recovery/totp/confirm', { body, token });
    fill(document, { secret: '', 'recovery-codes': recoveryCodes.join('\n') });
    find('[data-qr]', HTMLImageElement).removeAttribute('src');
    show('codes');
  }),
);

onPress('[data-codes-kept]', () => {
  fill(document, { 'recovery-codes': '' });
  show('done');
});

async function showSecret() {
  const { secret, qrSvg } = await call('POST', '/v1/auth/recovery/totp', { token });
  const step = show('bind');
  // As an image it is inert: no script or style of the drawing ever runs in the page.
  find('[data-qr]', HTMLImageElement, step).src = `data:image/svg+xml,${encodeURIComponent(qrSvg)}`;
  fill(step, { secret });
  all('input', step)[0]?.focus();
}

/** @param {() => Promise<void>} work */
async function orStale(work) {
  try {
    await work();
  } catch (error) {
    const isOver = error instanceof Refusal && ['invalid-token', 'unauthorized'].includes(error.code);
    if (!isOver) throw error;
    show('stale');
  }
}
