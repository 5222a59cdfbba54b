// @ts-check
import { call } from './api.js';
import { bindButtons, onSubmit } from './form.js';
import { show } from './steps.js';

bindButtons();
onSubmit('sign-up', async ({ email, password }) => {
  await call('POST', '/v1/auth/sign-up', { body: { email, password, locale: document.documentElement.lang } });
  show('done');
});
