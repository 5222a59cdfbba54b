import { randomUUID } from 'node:crypto';
import { addressReader } from './client-address.ts';
import type { Context } from './context.ts';
import type { Guard } from './http.ts';
import { pickLocale } from './languages/languages.ts';
import { Problem } from './problem.ts';

const REQUEST_ID = /^[\w-]{8,64}$/;
const BODY_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'];
const MOST_BYTES = 64 * 1024;

/** Headers of every answer, whatever its status (ASVS 3.4). Pages loosen the policy for their own files only. */
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; object-src 'none'; form-action 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
};

/** Around every request: who is calling, the headers of the answer, one line in the log. */
export function frame(ctx: Context): Guard {
  const readAddress = addressReader(ctx.config.trustedProxies);
  return async (c, next) => {
    const started = performance.now();
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    c.set('client', {
      ip: readAddress(c.env?.incoming?.socket.remoteAddress, c.req.header('x-forwarded-for')),
      userAgent: c.req.header('user-agent')?.slice(0, 400),
      requestId,
      locale: pickLocale(c.req.header('accept-language')),
    });
    await next();
    const { headers } = c.res;
    for (const [name, value] of Object.entries(securityHeaders)) if (!headers.has(name)) headers.set(name, value);
    headers.set('x-request-id', requestId);
    // Allow-listed fields: no body, no query, no header, no path with somebody's identifier in it.
    ctx.log.info(
      {
        requestId,
        method: c.req.method,
        route: c.req.routePath,
        status: c.res.status,
        ms: Math.round(performance.now() - started),
        ip: c.var.client.ip,
      },
      'request',
    );
  };
}

/** A body must be JSON and small before anything looks at it; what has no length is counted while it is read. */
export function requireJson(): Guard {
  return async (c, next) => {
    if (!BODY_METHODS.includes(c.req.method)) return await next();
    const length = c.req.header('content-length');
    if (length !== undefined && Number(length) > MOST_BYTES) throw new Problem('body-too-large');
    const hasBody =
      (length !== undefined && length !== '0') ||
      c.req.header('transfer-encoding') !== undefined ||
      c.req.raw.body !== null;
    if (!hasBody) return await next();
    const type = c.req.header('content-type') ?? '';
    if (!/^application\/json\s*(;|$)/i.test(type)) throw new Problem('unsupported-media-type');
    if (length === undefined && (await c.req.text()).length > MOST_BYTES) throw new Problem('body-too-large');
    await next();
  };
}
