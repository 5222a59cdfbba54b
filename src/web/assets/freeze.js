// @ts-check
import { fill } from './dom.js';
import { bindKeeping } from './keep.js';
import { runMailedLink } from './mailed-link.js';
import { noteSignedIn } from './session.js';
import { show } from './steps.js';

bindKeeping();
void runMailedLink({
  form: 'freeze',
  purpose: 'freeze-account',
  done({ caseReference = '', receipt = '' }) {
    noteSignedIn(false);
    fill(show('done'), { reference: caseReference, receipt });
  },
});
