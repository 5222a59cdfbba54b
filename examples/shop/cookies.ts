import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';

type Tokens = { accessToken: string; refreshToken?: string | undefined; deviceToken?: string | undefined };

const YEAR = 365 * 24 * 60 * 60;
const ages = { access: undefined, refresh: undefined, device: YEAR } as const;
type Name = keyof typeof ages;

/** Tokens lie in cookies that no script can read and no other site can send. */
export function keepTokens(c: Context, { accessToken, refreshToken, deviceToken }: Tokens): void {
  keep(c, 'access', accessToken);
  if (refreshToken !== undefined) keep(c, 'refresh', refreshToken);
  if (deviceToken !== undefined) keep(c, 'device', deviceToken);
}

export function tokenOf(c: Context, name: Name): string | undefined {
  return getCookie(c, `shop_${name}`);
}

/** The device stays known: it is what spares its owner a stranger's limits. */
export function forgetSession(c: Context): void {
  deleteCookie(c, 'shop_access', { path: '/' });
  deleteCookie(c, 'shop_refresh', { path: '/' });
}

function keep(c: Context, name: Name, value: string): void {
  const maxAge = ages[name];
  setCookie(c, `shop_${name}`, value, {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: new URL(c.req.url).protocol === 'https:',
    ...(maxAge === undefined ? {} : { maxAge }),
  });
}
