import type { Context as HonoContext } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Config } from './config.ts';
import type { Context } from './context.ts';
import type { Env } from './http.ts';
import { Problem } from './problem.ts';
import { signOutByToken } from './sessions/end.ts';
import type { SignedIn } from './sessions/issue.ts';

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

export function clearDeviceCookie(c: C): void {
  setCookie(c, DEVICE, '', { ...options, maxAge: 0 });
}

/**
 * What a sign-in answers. The same secret is never both in a cookie and in the body (ASVS 3.3.4). A cookie that takes the
 * place of another ends that one's session (ASVS 7.2.4).
 */
export async function showSignedIn(ctx: Context, c: C, result: SignedIn, where: 'body' | 'cookie') {
  if (where === 'body') return { status: 'signed-in' as const, ...result };
  const replaced = replacedRefreshToken(c);
  if (replaced !== undefined) await signOutByToken(ctx, replaced, c.var.client);
  setTokenCookies(c, result);
  const { refreshToken: _refresh, deviceToken: _device, ...shown } = result;
  return { status: 'signed-in' as const, ...shown };
}

/** What the browser kept until now, whoever sent it: good for ending that session and for nothing else. */
function replacedRefreshToken(c: C): string | undefined {
  return getCookie(c, REFRESH, 'host');
}

export function deviceCookie(c: C): string | undefined {
  return getCookie(c, DEVICE, 'host');
}

/**
 * The refresh token a browser keeps. A cookie proves nothing about who sent it, so the page must be our own or of a listed
 * origin (ASVS 3.5.1). Throws `cross-site`.
 */
export function refreshCookie(c: C, config: Origins): string | undefined {
  const token = getCookie(c, REFRESH, 'host');
  if (token !== undefined && !isFromOurPages(c, config)) throw new Problem('cross-site');
  return token;
}

type Origins = Pick<Config, 'publicUrl' | 'allowedOrigins'>;

/** Scripts can set neither header. A browser that sends no `Sec-Fetch-Site` sends the origin with every POST. */
function isFromOurPages(c: C, { publicUrl, allowedOrigins }: Origins): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site === 'same-origin') return true;
  const origin = c.req.header('origin');
  if (origin === undefined || !URL.canParse(origin)) return false;
  if (allowedOrigins.includes(origin)) return true;
  // By its host alone: a proxy in front may have taken the TLS off.
  return site === undefined && [publicUrl, c.req.url].some((own) => new URL(own).host === new URL(origin).host);
}
