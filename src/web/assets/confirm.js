// @ts-check
import { call, Refusal } from './api.js';
import { onSubmit } from './form.js';
import { takeLinkToken } from './link-token.js';
import { show } from './steps.js';

// Opening the page does nothing: scanners open links, people press buttons.
const token = takeLinkToken();
show(token === undefined ? 'stale' : 'press');

onSubmit('confirm', async () => {
  try {
    await call('POST', '/v1/auth/email-confirmation', { body: { token } });
    show('done');
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'invalid-token')) throw error;
    show('stale');
  }
});
