// @ts-check
import { call, Refusal } from './api.js';
import { keepCaseToken } from './case-access.js';
import { all, fill, find, onPress } from './dom.js';
import { bindEnrolment, startEnrolment } from './enrolment.js';
import { bindButtons, describe, onSubmit, showRefusal, tell } from './form.js';
import { takeLinkToken } from './link-token.js';
import { offerPasskeys, signForSignIn, suggestPasskeys } from './passkey-sign-in.js';
import { noteSignedIn } from './session.js';
import { linkSteps, show } from './steps.js';
import { say } from './texts.js';
import { canUsePasskeys } from './webauthn.js';

/** Only our own pages: a list, so that no crafted address can lead elsewhere (ASVS 3.7.2). */
const destinations = ['/security', '/case', '/confirm-address', '/confirm-notice-address', '/grant'];
const reasons = ['fresh', 'ended', 'signed-out'];
const query = new URLSearchParams(location.search);
/** Of the mailed link that led here, for the page it belongs to. */
const carried = takeLinkToken();
let challenge = '';
let isHidden = false;
let typed = '';

const notice = find('[data-notice]', HTMLElement);
const reason = query.get('reason') ?? '';
if (reasons.includes(reason)) tell(notice, say(`page.sign-in.${reason}`));

bindButtons();
linkSteps();
bindEnrolment(arrive);
offerPasskeys();
onSubmit('send-reset', async () => {
  await call('POST', '/v1/auth/password-reset', { body: { identifier: typed } });
  show('reset-sent');
});
onSubmit('sign-in', async ({ identifier = '', password }) => {
  typed = identifier;
  await enter('/v1/auth/sign-in', { identifier, password });
});
for (const factor of ['totp', 'sms', 'recovery-code', 'email-code']) {
  onSubmit(factor, async ({ code = '' }) => {
    await answer({ factor, code: code.trim() });
  });
}
onPress('[data-show=email-code]', sendMail);
onPress('[data-send-mail]', async () => {
  await sendMail();
  find('[data-mail-sent]', HTMLElement).hidden = false;
});
onPress('[data-show=sms]', sendText);
onPress('[data-send-text]', async () => {
  await sendText();
  find('[data-text-sent]', HTMLElement).hidden = false;
});
onSubmit('passkey', async () => {
  await enter('/v1/auth/passkey', { credential: await signForSignIn() });
});
onSubmit('passkey-step', async () => {
  await answer({ factor: 'passkey', credential: await signForSignIn(challenge) });
});
void suggestPasskeys(async (credential) => {
  await enter('/v1/auth/passkey', { credential }).catch((error) => {
    tell(notice, describe(error instanceof Refusal ? error : new Refusal('unexpected', {}, 0)));
  });
});

/** Says nothing of whether one is on its way, nor does the service. */
async function sendText() {
  find('[data-text-sent]', HTMLElement).hidden = true;
  await call('POST', '/v1/auth/second-factor/send', { body: { challenge, factor: 'sms' } }).catch((error) =>
    showRefusal(find('[data-form=sms]', HTMLFormElement), error),
  );
}

/** Says nothing of whether one is on its way, nor does the service. */
async function sendMail() {
  find('[data-mail-sent]', HTMLElement).hidden = true;
  await call('POST', '/v1/auth/second-factor/send', { body: { challenge, factor: 'email-code' } }).catch((error) =>
    showRefusal(find('[data-form=email-code]', HTMLFormElement), error),
  );
}

/** @param {Record<string, unknown>} proof */
async function answer(proof) {
  await enter('/v1/auth/second-factor', { challenge, ...proof }).catch((error) => {
    const isOver = error instanceof Refusal && error.code === 'invalid-challenge';
    // The password may have been wrong as well: whoever is told of a code alone would go on trying codes.
    const isUndisclosed = error instanceof Refusal && error.code === 'invalid-code' && isHidden;
    if (!isOver && !isUndisclosed) throw error;
    show('password');
    tell(notice, isUndisclosed ? say('page.sign-in.undisclosed') : describe(error));
  });
}

/**
 * @param {string} path
 * @param {Record<string, unknown>} body
 */
async function enter(path, body) {
  try {
    const answer = await call('POST', path, { body: { ...body, tokens: 'cookie' } });
    if (answer.status === 'enrolment-required') return await startEnrolment(answer);
    if (answer.status !== 'second-factor-required') return arrive();
    challenge = answer.challenge;
    for (const form of all('form')) if (form instanceof HTMLFormElement) form.reset();
    askFor(answer.factors);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'account-held') tellHeld(error.body);
    else if (error.code === 'password-change-required') tellMustChange();
    else throw error;
  }
}

/** The strongest that can be given here; the others are a press away. @param {string[]} factors */
function askFor(factors) {
  const ways = factors.filter((factor) => factor !== 'passkey' || canUsePasskeys());
  for (const place of all('[data-way]')) place.hidden = !ways.includes(place.dataset['way'] ?? '');
  // Where the list is the same for everybody it says nothing of what this one has.
  isHidden = factors.includes('totp') && factors.includes('email-code');
  const order = isHidden ? ['totp'] : ['passkey', 'totp', 'recovery-code', 'email-code'];
  const step = order.find((way) => ways.includes(way)) ?? 'totp';
  all('input', show(step))[0]?.focus();
  if (step === 'email-code') void sendMail();
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
