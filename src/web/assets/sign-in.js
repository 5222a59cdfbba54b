// @ts-check
import { call, Refusal } from './api.js';
import { keepCaseToken } from './case-access.js';
import { all, fill, find } from './dom.js';
import { bindButtons, describe, onSubmit, tell } from './form.js';
import { takeLinkToken } from './link-token.js';
import { noteSignedIn } from './session.js';
import { linkSteps, show } from './steps.js';
import { say } from './texts.js';

/** Only our own pages: a list, so that no crafted address can lead elsewhere (ASVS 3.7.2). */
const destinations = ['/security', '/case', '/confirm-address', '/confirm-notice-address'];
const reasons = ['fresh', 'ended', 'signed-out'];
const query = new URLSearchParams(location.search);
/** Of the mailed link that led here, for the page it belongs to. */
const carried = takeLinkToken();
let challenge = '';
let typed = '';

const notice = find('[data-notice]', HTMLElement);
const reason = query.get('reason') ?? '';
if (reasons.includes(reason)) tell(notice, say(`page.sign-in.${reason}`));

bindButtons();
linkSteps();
onSubmit('send-reset', async () => {
  await call('POST', '/v1/auth/password-reset', { body: { identifier: typed } });
  show('reset-sent');
});
onSubmit('sign-in', async ({ identifier = '', password }) => {
  typed = identifier;
  await enter('/v1/auth/sign-in', { identifier, password });
});
for (const factor of ['totp', 'recovery-code']) {
  onSubmit(factor, async ({ code = '' }) => {
    await enter('/v1/auth/second-factor', { challenge, factor, code: code.trim() }).catch((error) => {
      if (!(error instanceof Refusal && error.code === 'invalid-challenge')) throw error;
      show('password');
      tell(notice, describe(error));
    });
  });
}

/**
 * @param {string} path
 * @param {Record<string, unknown>} body
 */
async function enter(path, body) {
  try {
    const answer = await call('POST', path, { body: { ...body, tokens: 'cookie' } });
    if (answer.status !== 'second-factor-required') return arrive();
    challenge = answer.challenge;
    for (const form of all('form')) if (form instanceof HTMLFormElement) form.reset();
    all('input', show('totp'))[0]?.focus();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'account-held') tellHeld(error.body);
    else if (error.code === 'password-change-required') tellMustChange();
    else throw error;
  }
}

function arrive() {
  noteSignedIn(true);
  const next = query.get('next') ?? '';
  const back = destinations.includes(next) ? next : '/security';
  location.replace(carried === undefined ? back : `${back}#token=${encodeURIComponent(carried)}`);
}

function tellMustChange() {
  noteSignedIn(false);
  for (const form of all('form')) if (form instanceof HTMLFormElement) form.reset();
  show('must-change');
}

/** @param {Record<string, any>} held */
function tellHeld(held) {
  keepCaseToken(held);
  noteSignedIn(false);
  const step = show('held');
  const isFrozen = held['holds']?.some((/** @type {{ scope: string }} */ hold) => hold.scope === 'all');
  if (!isFrozen) fill(step, { held: say('page.held.stopped') });
  find('[data-reference]', HTMLElement, step).hidden = !held['caseReference'];
  fill(step, { reference: String(held['caseReference'] ?? '') });
}
