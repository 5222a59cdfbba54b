// @ts-check
import { Refusal } from './api.js';
import { onSubmit } from './form.js';
import { takeLinkToken } from './link-token.js';
import { asOwner, carryOver } from './session.js';
import { show } from './steps.js';

/** @type {Record<string, string>} */
const calls = {
  '/confirm-address': '/v1/me/email-change/confirm',
  '/confirm-notice-address': '/v1/me/notice-addresses/confirm',
};

// Opening the page does nothing: scanners open links, people press buttons.
const token = takeLinkToken();
if (token !== undefined) carryOver(token);
show(token === undefined ? 'stale' : 'press');

onSubmit('confirm', async () => {
  try {
    await asOwner('POST', calls[location.pathname] ?? '', { token });
    show('done');
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'invalid-token')) throw error;
    show('stale');
  }
});
