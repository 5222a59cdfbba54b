// @ts-check
import { Refusal } from './api.js';
import { findSpeaker, openCases } from './case-access.js';
import { showCase, showList } from './case-view.js';
import { fill, find, onPress } from './dom.js';
import { bindButtons, describe, onSubmit, tell } from './form.js';
import { bindKeeping } from './keep.js';
import { takeLinkToken } from './link-token.js';
import { show } from './steps.js';
import { say } from './texts.js';
import { formatTime } from './times.js';

/** @type {import('./case-access.js').Speaker | undefined} */
let speaker;
/** The case on the page. */
let openCase = '';

const token = takeLinkToken();
const wantsReport = location.hash === '#report';

bindButtons();
bindKeeping();
onPress('[data-show=report]', () => void show('report'));
onPress('[data-show=list]', () => void orTell(list));
onPress('[data-open-case]', () => void orTell(() => open(openCase)));

onSubmit('access', async (proof) => {
  await openCases(proof);
  await start();
});
onSubmit('message', async ({ message }, form) => {
  await speak('POST', `/v1/me/cases/${openCase}/messages`, { message });
  form.reset();
  await open(openCase);
});
onSubmit('appeal', async ({ message }, form) => {
  const { caseReference, respondBy } = await speak('POST', `/v1/me/cases/${openCase}/appeal`, { message });
  form.reset();
  await open(openCase);
  tellSaid(say('page.case.appeal.sent', { reference: caseReference, time: formatTime(respondBy) }));
});
onSubmit('feedback', async ({ rating, text }, form) => {
  const said = { rating: Number(rating), ...(text === undefined ? {} : { text }) };
  await speak('POST', `/v1/me/cases/${openCase}/feedback`, said);
  form.reset();
  tellSaid(say('page.case.feedback.sent'));
});
onSubmit('report', async (report, form) => {
  const { caseId, reference, receipt, respondBy } = await speak('POST', '/v1/me/reports', report);
  form.reset();
  openCase = caseId;
  const answer = say('page.case.respond-by', { time: formatTime(respondBy) });
  fill(show('reported'), { reference, receipt, respondBy: answer });
});

await orTell(async () => {
  if (token !== undefined) await openCases({ token }).catch(noteStale);
  await start();
});

async function start() {
  speaker = await findSpeaker(() => askForAccess('page.case.expired'));
  if (!speaker) return void show('access');
  if (wantsReport) return void show('report');
  await list();
}

async function list() {
  const { items } = await speak('GET', '/v1/me/cases');
  showList(items, (id) => void orTell(() => open(id)));
}

/** @param {string} text */
function tellSaid(text) {
  const place = find('[data-said]', HTMLElement);
  tell(place, text);
  place.focus();
}

/** @param {string} id */
async function open(id) {
  openCase = id;
  showCase(await speak('GET', `/v1/me/cases/${id}`));
}

/** @type {import('./case-access.js').Speaker} */
async function speak(method, path, body) {
  if (!speaker) throw new Refusal('unauthorized', {}, 0);
  return await speaker(method, path, body);
}

/** @param {string} key */
function askForAccess(key) {
  tell(find('[data-notice]', HTMLElement, show('access')), say(key));
}

/** @param {unknown} error */
function noteStale(error) {
  if (!(error instanceof Refusal && error.code === 'invalid-token')) throw error;
  tell(find('[data-step=access] [data-notice]', HTMLElement), say('page.case.stale-link'));
}

/** @param {() => Promise<void>} work */
async function orTell(work) {
  try {
    await work();
  } catch (error) {
    const step = show('wait');
    tell(find('p', HTMLElement, step), describe(error instanceof Refusal ? error : new Refusal('unexpected', {}, 0)));
  }
}
