import type { Context as HonoContext } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Env } from './http.ts';
import { Problem } from './problem.ts';

const REFRESH = 'holdfast-refresh';
const DEVICE = 'holdfast-device';
const DEVICE_DAYS = 400;

type C = HonoContext<Env>;
// __Host-: this host only, over TLS (or loopback), every path; scripts cannot read them, other sites cannot send them.
const options = { prefix: 'host', path: '/', secure: true, httpOnly: true, sameSite: 'Strict' } as const;

export function setTokenCookies(c: C, tokens: { refreshToken: string; deviceToken?: string }): void {
  setCookie(c, REFRESH, tokens.refreshToken, options);
  if (tokens.deviceToken !== undefined) setDeviceCookie(c, tokens.deviceToken);
}

export function setDeviceCookie(c: C, deviceToken: string): void {
  setCookie(c, DEVICE, deviceToken, { ...options, maxAge: DEVICE_DAYS * 86_400 });
}

export function clearRefreshCookie(c: C): void {
  setCookie(c, REFRESH, '', { ...options, maxAge: 0 });
}

export function deviceCookie(c: C): string | undefined {
  return getCookie(c, DEVICE, 'host');
}

/** The refresh token a browser keeps. A cookie proves nothing about who sent it, so the page must be our own (ASVS 3.5.1). */
export function refreshCookie(c: C): string | undefined {
  const token = getCookie(c, REFRESH, 'host');
  if (token !== undefined) requireSameOrigin(c);
  return token;
}

/** Throws `cross-site` unless the browser says that one of our own pages sent this. */
function requireSameOrigin(c: C): void {
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  const isOurs =
    site === undefined ? origin !== undefined && new URL(c.req.url).host === hostOf(origin) : site === 'same-origin';
  if (!isOurs) throw new Problem('cross-site');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
