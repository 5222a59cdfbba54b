// @ts-check
import { doWork } from './work.js';

/** A refusal of the API (RFC 9457), or `offline` where there was no answer at all. */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {Record<string, any>} body
   * @param {number} retryAfter
   */
  constructor(code, body, retryAfter) {
    super(code);
    this.code = code;
    this.body = body;
    /** Seconds, 0 where none were said. */
    this.retryAfter = retryAfter;
  }
}

/**
 * As `send`; where the service asks for work first, because somebody is guessing, does it and asks again.
 * @param {'GET' | 'POST' | 'PUT' | 'DELETE'} method
 * @param {string} path
 * @param {{ body?: any, token?: string, outlives?: boolean }} [options]
 * @returns {Promise<any>}
 */
export async function call(method, path, options = {}) {
  try {
    return await send(method, path, options);
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'proof-required' && error.body['proof']?.challenge)) throw error;
    const proof = await doWork(error.body['proof']);
    return await send(method, path, { ...options, body: { ...options.body, proof } });
  }
}

/**
 * Calls the API on our own origin. Throws Refusal. What outlives the page is answered even when it is left at once.
 * @param {'GET' | 'POST' | 'PUT' | 'DELETE'} method
 * @param {string} path
 * @param {{ body?: any, token?: string, outlives?: boolean }} options
 * @returns {Promise<any>}
 */
async function send(method, path, { body, token, outlives = false }) {
  /** @type {Record<string, string>} */
  const headers = { accept: 'application/json', 'accept-language': document.documentElement.lang };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  /** @type {RequestInit} */
  const request = { method, headers, credentials: 'same-origin', cache: 'no-store', keepalive: outlives };
  if (method !== 'GET') {
    headers['content-type'] = 'application/json';
    request.body = JSON.stringify(body ?? {});
  }
  const response = await fetch(path, request).catch(() => undefined);
  if (!response) throw new Refusal('offline', {}, 0);
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Refusal(String(answer.code ?? 'unexpected'), answer, Number(response.headers.get('retry-after') ?? 0));
}
