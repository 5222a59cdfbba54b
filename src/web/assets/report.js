// @ts-check
import { call } from './api.js';
import { fill } from './dom.js';
import { onSubmit } from './form.js';
import { bindKeeping } from './keep.js';
import { runMailedLink } from './mailed-link.js';
import { show } from './steps.js';
import { say } from './texts.js';
import { formatTime } from './times.js';

bindKeeping();
onSubmit('report', async (report, form) => {
  const { reference, receipt, respondBy } = await call('POST', '/v1/auth/report', { body: report });
  form.reset();
  const promise = say('page.report.respond-by', { time: formatTime(respondBy) });
  fill(show('received'), { reference, receipt, respondBy: promise });
});

if (location.hash.startsWith('#token=')) {
  void runMailedLink({
    form: 'confirm',
    purpose: 'confirm-report',
    done: ({ caseReference, receipt }) => fill(show('done'), { reference: caseReference, receipt }),
  });
}
// A link opened in a tab that shows the form already changes the fragment alone.
addEventListener('hashchange', () => location.hash.startsWith('#token=') && location.reload());
