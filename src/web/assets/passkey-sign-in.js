// @ts-check
import { call } from './api.js';
import { all } from './dom.js';
import { canSuggestPasskeys, canUsePasskeys, usePasskey } from './webauthn.js';

/** A little less than a challenge lives. */
const RENEW_MS = 4 * 60_000;

/** The browser takes one request at a time. */
let waiting = new AbortController();

/** Shows what only browsers with passkeys can use. */
export function offerPasskeys() {
  for (const place of all('[data-passkey-offer]')) place.hidden = !canUsePasskeys();
}

/**
 * What a passkey signed: for the sign-in behind `challenge`, or to sign in with it alone. Throws Refusal.
 * @param {string} [challenge]
 */
export async function signForSignIn(challenge) {
  waiting.abort();
  return await usePasskey(await ask(challenge));
}

/**
 * Waits among the names that the first field suggests, for as long as the page is open. Who does not take it up sees
 * nothing of it.
 * @param {(credential: Record<string, unknown>) => Promise<void>} enter
 */
export async function suggestPasskeys(enter) {
  if (!(await canSuggestPasskeys())) return;
  waiting = new AbortController();
  const { signal } = waiting;
  const renewal = setTimeout(() => {
    if (signal.aborted) return;
    waiting.abort();
    void suggestPasskeys(enter);
  }, RENEW_MS);
  const credential = await ask()
    .then((options) => usePasskey(options, { suggest: true, signal }))
    .catch(() => undefined);
  if (credential === undefined) return;
  clearTimeout(renewal);
  await enter(credential);
}

/** @param {string} [challenge] */
async function ask(challenge) {
  return await call('POST', '/v1/auth/passkey/options', { body: challenge === undefined ? {} : { challenge } });
}
