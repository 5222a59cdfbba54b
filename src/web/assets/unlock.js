// @ts-check
import { runMailedLink } from './mailed-link.js';
import { show } from './steps.js';

void runMailedLink({
  form: 'unlock',
  purpose: 'unlock-sign-in',
  done: () => void show('done'),
});
