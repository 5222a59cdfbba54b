import { getConnInfo } from '@hono/node-server/conninfo';
import type { CallOptions } from 'holdfast/client';
import type { Context } from 'hono';

/** Who is really calling: limits and notices are about the customer's address and browser, not about the shop's. */
export function viaShop(c: Context, options: CallOptions = {}): CallOptions {
  const address = getConnInfo(c).remote.address;
  const userAgent = c.req.header('user-agent');
  const language = c.req.header('accept-language');
  return {
    ...options,
    headers: {
      ...(address === undefined ? {} : { 'x-forwarded-for': address }),
      ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
      ...(language === undefined ? {} : { 'accept-language': language }),
    },
  };
}
