// @ts-check
import { fill, find } from './dom.js';
import { bindKeeping } from './keep.js';
import { runMailedLink } from './mailed-link.js';
import { noteSignedIn } from './session.js';
import { show } from './steps.js';

bindKeeping();
void runMailedLink({
  form: 'undo',
  purpose: 'undo-contact-change',
  done({ caseReference, receipt = '' }) {
    noteSignedIn(false);
    const step = show('done');
    // Where the account was frozen already, its case and receipt are those of that freeze.
    find('[data-proof]', HTMLElement, step).hidden = caseReference === undefined;
    fill(step, { reference: caseReference ?? '', receipt });
  },
});
