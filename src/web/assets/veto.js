// @ts-check
import { fill } from './dom.js';
import { runMailedLink } from './mailed-link.js';
import { show } from './steps.js';

void runMailedLink({
  form: 'veto',
  purpose: 'veto',
  done: ({ caseReference = '' }) => fill(show('done'), { reference: caseReference }),
});
