// @ts-check
import { call, Refusal } from './api.js';

const HINT = 'holdfast-signed-in';

/** In memory only: gone with the page (ASVS 14.3.3). @type {string | undefined} */
let accessToken;

// A page that comes back from the browser's cache would show what its owner has left behind.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

/** Says nothing about who: only whether asking for a token makes sense. @param {boolean} isSignedIn */
export function noteSignedIn(isSignedIn) {
  if (isSignedIn) localStorage.setItem(HINT, 'yes');
  else localStorage.removeItem(HINT);
}

export function maySignedIn() {
  return localStorage.getItem(HINT) !== null;
}

/** One tab at a time: a refresh token used twice ends the session. Throws Refusal. */
export async function renew() {
  try {
    const fresh = await navigator.locks.request('holdfast-refresh', () =>
      call('POST', '/v1/auth/refresh', { body: {} }),
    );
    accessToken = String(fresh.accessToken);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'invalid-refresh-token') noteSignedIn(false);
    throw error;
  }
}

/**
 * Calls the API as the signed-in owner; where that is over, or a fresh sign-in is asked for, leads to sign-in and back.
 * @param {'GET' | 'POST' | 'DELETE'} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function asOwner(method, path, body) {
  try {
    if (accessToken === undefined) await renew();
    return await send(method, path, body).catch(async (error) => {
      if (!(error instanceof Refusal && error.code === 'unauthorized')) throw error;
      await renew();
      return await send(method, path, body);
    });
  } catch (error) {
    const code = error instanceof Refusal ? error.code : '';
    if (code === 'insufficient-authentication') return await leave('fresh');
    if (code === 'invalid-refresh-token' || code === 'unauthorized') return await leave('ended');
    throw error;
  }
}

/**
 * @param {'GET' | 'POST' | 'DELETE'} method
 * @param {string} path
 * @param {unknown} body
 */
async function send(method, path, body) {
  return await call(method, path, { body, ...(accessToken === undefined ? {} : { token: accessToken }) });
}

/** Never settles: the page is on its way out. @param {string} reason */
async function leave(reason) {
  location.replace(`/sign-in?${new URLSearchParams({ next: location.pathname, reason })}`);
  return await new Promise(() => {});
}

export async function signOut() {
  await asOwner('POST', '/v1/auth/sign-out');
  accessToken = undefined;
  noteSignedIn(false);
  sessionStorage.clear();
  location.replace('/sign-in?reason=signed-out');
}
