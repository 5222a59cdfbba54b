// @ts-check
import { Refusal } from './api.js';
import { all, fill, find, onPress } from './dom.js';
import { describe, onSubmit, tell } from './form.js';
import { takeLinkToken } from './link-token.js';
import { asOwner, carryOver } from './session.js';
import { show } from './steps.js';
import { say } from './texts.js';
import { formatTime } from './times.js';
import { canUsePasskeys, usePasskey } from './webauthn.js';

/** @typedef {{ id: string, name?: string }} Payee */
/** @typedef {{ action: string, amount: string | null, currency: string | null, payee: Payee | null }} Deed */
/** @typedef {{ status: string, display: Deed, factors: string[], expiresAt: string, returnTo: string | null }} Grant */

const language = document.documentElement.lang;
const id = takeLinkToken();
const path = `/v1/me/grants/${encodeURIComponent(id ?? '')}`;
let returnTo = '';

if (id === undefined) show('stale');
else {
  carryOver(id);
  await open().catch((error) => tell(find('[data-step=wait] [data-error]', HTMLElement), wordsFor(error)));
}

onSubmit('totp', async ({ code = '' }) => {
  await confirm({ code: code.replace(/\s/g, '') });
});
onSubmit('passkey', async () => {
  await orStale(async () => {
    const credential = await usePasskey(await asOwner('POST', `${path}/passkey-options`));
    await confirm({ credential });
  });
});
onPress('[data-cancel-grant]', async () => {
  try {
    await orStale(async () => {
      await asOwner('DELETE', path);
      show('cancelled');
    });
  } catch (error) {
    tell(find('[data-cancel-error]', HTMLElement), wordsFor(error));
  }
});

/** Everything shown is what the server keeps: nothing of it comes from the address. */
async function open() {
  await orStale(async () => {
    /** @type {Grant} */
    const grant = await asOwner('GET', path);
    if (grant.status !== 'requested') return void show('stale');
    if (grant.returnTo === null) return void show('elsewhere');
    returnTo = grant.returnTo;
    showDeed(grant);
  });
}

/** @param {Grant} grant */
function showDeed({ display, factors, expiresAt }) {
  const { action, amount, currency, payee } = display;
  const step = find('[data-step=press]', HTMLElement);
  find('h1', HTMLElement, step).textContent = say(`page.grant.action.${action}`);
  for (const each of all('[data-only]', step)) each.hidden = (each.dataset['only'] === 'money') !== (amount !== null);
  fill(step, {
    amount: amount === null || currency === null ? '' : formatMoney(amount, currency),
    'payee-name': payee?.name ?? '',
    'payee-id': payee?.id ?? '',
    until: say('page.grant.until', { time: formatTime(expiresAt) }),
  });
  find('[data-fact=payee-name]', HTMLElement, step).hidden = payee?.name === undefined;
  find('[data-fact=payee-id]', HTMLElement, step).hidden = payee === null;
  find('[data-fact=no-payee]', HTMLElement, step).hidden = payee !== null;
  const usable = factors.filter((factor) => factor !== 'passkey' || canUsePasskeys());
  for (const each of all('[data-way]', step)) each.hidden = !usable.includes(each.dataset['way'] ?? '');
  show('press');
}

/** With the currency's code: there are many dollars. The digits are the server's own. @param {string} amount @param {string} currency */
function formatMoney(amount, currency) {
  const format = new Intl.NumberFormat(language === 'en' ? 'en-GB' : language, {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
  });
  // A text keeps every digit where a number would round.
  return format.format(/** @type {any} */ (amount));
}

/** @param {unknown} proof */
async function confirm(proof) {
  await orStale(async () => {
    const { grant, expiresAt } = await asOwner('POST', `${path}/confirm`, proof);
    const url = new URL(returnTo);
    url.hash = `grant=${grant}`;
    const name = url.host;
    const link = find('[data-back]', HTMLAnchorElement);
    link.href = url.href;
    link.textContent = say('page.grant.back', { name });
    fill(show('done'), { done: say('page.grant.done.body', { name, time: formatTime(expiresAt) }) });
  });
}

/** @param {() => Promise<void>} work */
async function orStale(work) {
  try {
    await work();
  } catch (error) {
    const isOver =
      error instanceof Refusal && ['not-found', 'invalid-challenge', 'invalid-request'].includes(error.code);
    if (!isOver) throw error;
    show('stale');
  }
}

/** @param {unknown} error */
function wordsFor(error) {
  return describe(error instanceof Refusal ? error : new Refusal('unexpected', {}, 0));
}
