import { type Claims, type Client, HoldfastError, VerificationError, type Verifier } from 'holdfast/client';
import type { MiddlewareHandler } from 'hono';
import { forgetSession, keepTokens, tokenOf } from './cookies.ts';
import { tryLaterPage } from './pages.ts';
import { viaShop } from './via-shop.ts';

export type ShopEnv = { Variables: { claims: Claims; accessToken: string } };

/** In front of every protected page: a good token, or a new one for one that expired, or the login page. */
export function signedIn(holdfast: Client, verifier: Verifier): MiddlewareHandler<ShopEnv> {
  return async (c, next) => {
    try {
      const accessToken = tokenOf(c, 'access');
      if (accessToken === undefined) return c.redirect('/');
      const claims = await verifier.verify(accessToken).catch(async (error) => {
        if (!(error instanceof VerificationError) || error.code !== 'expired-token') throw error;
        return undefined;
      });
      if (claims) {
        c.set('claims', claims);
        c.set('accessToken', accessToken);
      } else {
        const refreshed = await holdfast.refresh({ refreshToken: tokenOf(c, 'refresh') ?? 'none-there' }, viaShop(c));
        keepTokens(c, refreshed);
        c.set('claims', await verifier.verify(refreshed.accessToken));
        c.set('accessToken', refreshed.accessToken);
      }
    } catch (error) {
      if (!isRefusal(error)) return c.html(tryLaterPage(), 503);
      forgetSession(c);
      return c.redirect('/?ended');
    }
    return await next();
  };
}

/** Against what only a later try can tell. */
function isRefusal(error: unknown): boolean {
  if (error instanceof VerificationError) return error.status === 401;
  return error instanceof HoldfastError && error.status >= 400 && error.status < 500 && error.status !== 429;
}
