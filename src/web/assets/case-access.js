// @ts-check
import { call, Refusal } from './api.js';
import { asOwner, maySignedIn, noteSignedIn, renew } from './session.js';

// For this tab only and for a quarter of an hour: it is no session and opens nothing but one's own cases.
const NAME = 'holdfast-case-token';

/** @typedef {(method: 'GET' | 'POST', path: string, body?: unknown) => Promise<any>} Speaker */

/** @param {{ caseToken?: string }} answer */
export function keepCaseToken({ caseToken }) {
  if (caseToken !== undefined) sessionStorage.setItem(NAME, caseToken);
}

/** @param {Record<string, string>} proof What proves the owner: a link's token, or identifier and password. */
export async function openCases(proof) {
  keepCaseToken(await call('POST', '/v1/auth/case-access', { body: proof }));
}

/**
 * Whoever can speak here: by case token, else by session. Undefined where neither is at hand.
 * @param {() => void} onExpired
 * @returns {Promise<Speaker | undefined>}
 */
export async function findSpeaker(onExpired) {
  const token = sessionStorage.getItem(NAME);
  if (token !== null) return byCaseToken(token, onExpired);
  if (!maySignedIn()) return undefined;
  try {
    await renew();
    return asOwner;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'offline') throw error;
    noteSignedIn(false);
    return undefined;
  }
}

/**
 * @param {string} token
 * @param {() => void} onExpired
 * @returns {Speaker}
 */
function byCaseToken(token, onExpired) {
  return async (method, path, body) => {
    try {
      return await call(method, path, { body, token });
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'unauthorized')) throw error;
      sessionStorage.removeItem(NAME);
      onExpired();
      return await new Promise(() => {});
    }
  };
}
