// @ts-check
import { call, Refusal } from './api.js';

const HINT = 'holdfast-signed-in';
const TRADING = 'holdfast-trading';
const PATIENCE_MS = 1500;

/** In memory only: gone with the page (ASVS 14.3.3). @type {string | undefined} */
let accessToken;
let carried = '';
/** What a passkey signed for the next change. @type {Record<string, unknown> | undefined} */
let signed;
/** How this page lets the owner confirm who they are. @type {(() => Promise<boolean>) | undefined} */
let confirmAnew;

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

/** A refresh token used twice ends the session: so one page at a time may trade it. Throws Refusal. */
export async function renew() {
  try {
    const fresh = await navigator.locks.request('holdfast-refresh', trade);
    accessToken = String(fresh.accessToken);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'invalid-refresh-token') noteSignedIn(false);
    throw error;
  }
}

/** The next change carries this in place of a code. @param {Record<string, unknown> | undefined} credential */
export function proveNext(credential) {
  signed = credential;
}

/** @param {() => Promise<boolean>} ask */
export function onInsufficient(ask) {
  confirmAnew = ask;
}

/** What a step-up answered, from now on. @param {string} token */
export function useToken(token) {
  accessToken = token;
}

/**
 * Calls the API as the signed-in owner; where that is over, leads to sign-in and back. So it does where the call asks for
 * a fresher authentication, unless the page can ask for that itself.
 * @param {'GET' | 'POST' | 'PUT' | 'DELETE'} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function asOwner(method, path, body) {
  const proven = takeProof(body);
  try {
    if (accessToken === undefined) await renewOrLeave();
    return await send(method, path, proven).catch(async (error) => {
      if (!(error instanceof Refusal && error.code === 'unauthorized')) throw error;
      await renewOrLeave();
      return await send(method, path, proven);
    });
  } catch (error) {
    const code = error instanceof Refusal ? error.code : '';
    if (code === 'insufficient-authentication' && confirmAnew) return await goOn(method, path, proven);
    if (code === 'insufficient-authentication') return await leave('fresh');
    if (code === 'unauthorized') return await leave('ended');
    throw error;
  }
}

/**
 * @param {'GET' | 'POST' | 'PUT' | 'DELETE'} method
 * @param {string} path
 * @param {unknown} body
 */
async function goOn(method, path, body) {
  if (!(await confirmAnew?.())) throw new Refusal('step-up-cancelled', {}, 0);
  return await send(method, path, body);
}

/** @param {unknown} body */
function takeProof(body) {
  if (signed === undefined) return body;
  const proven = { ...(typeof body === 'object' ? body : {}), code: undefined, credential: signed };
  signed = undefined;
  return proven;
}

/** A page that was left while it traded has lost its lock, not its call: its answer's cookie is waited for. */
async function trade() {
  const begun = Number(localStorage.getItem(TRADING) ?? 0);
  const rest = begun + PATIENCE_MS - Date.now();
  if (rest > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(rest, PATIENCE_MS)));
  localStorage.setItem(TRADING, String(Date.now()));
  try {
    return await call('POST', '/v1/auth/refresh', { outlives: true });
  } finally {
    localStorage.removeItem(TRADING);
  }
}

/** Over, or stopped by a hold: the sign-in page says which. */
async function renewOrLeave() {
  try {
    await renew();
  } catch (error) {
    const isOver = error instanceof Refusal && ['invalid-refresh-token', 'account-held'].includes(error.code);
    if (!isOver) throw error;
    await leave('ended');
  }
}

/**
 * @param {'GET' | 'POST' | 'PUT' | 'DELETE'} method
 * @param {string} path
 * @param {unknown} body
 */
async function send(method, path, body) {
  return await call(method, path, { body, ...(accessToken === undefined ? {} : { token: accessToken }) });
}

/**
 * What a mailed link brought goes along to the sign-in page and back, in the fragment as it came.
 * @param {string} token
 */
export function carryOver(token) {
  carried = `#token=${encodeURIComponent(token)}`;
}

/** Never settles: the page is on its way out. @param {string} reason */
async function leave(reason) {
  location.replace(`/sign-in?${new URLSearchParams({ next: location.pathname, reason })}${carried}`);
  return await new Promise(() => {});
}

/** By the cookie: it needs no access token, and works where the session is over already. */
export async function signOut() {
  await call('POST', '/v1/auth/sign-out');
  accessToken = undefined;
  noteSignedIn(false);
  sessionStorage.clear();
  location.replace('/sign-in?reason=signed-out');
}
