import type { Config } from './config.ts';
import type { Guard } from './http.ts';

const METHODS = 'GET, POST, PUT, DELETE';
const HEADERS = 'Authorization, Content-Type, X-Request-Id';
const EXPOSED = 'Retry-After, WWW-Authenticate, X-Request-Id';
const MAX_AGE_SECONDS = 600;

/**
 * Lets pages of the listed origins call, cookies included (Fetch, CORS protocol). An origin is compared whole, never by
 * pattern; any other one gets no leave to read and no preflight (ASVS 3.4.2, 3.5.2).
 */
export function allowOrigins({ allowedOrigins }: Pick<Config, 'allowedOrigins'>): Guard {
  const allowed = new Set(allowedOrigins);
  return async (c, next) => {
    if (allowed.size === 0) return await next();
    const origin = c.req.header('origin');
    const isAllowed = origin !== undefined && allowed.has(origin);
    if (isAllowed && c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined) {
      return c.body(null, 204, {
        ...leave(origin),
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': HEADERS,
        'access-control-max-age': String(MAX_AGE_SECONDS),
        vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      });
    }
    await next();
    c.res.headers.append('vary', 'Origin');
    if (!isAllowed) return;
    const given = { ...leave(origin), 'access-control-expose-headers': EXPOSED };
    for (const [name, value] of Object.entries(given)) c.res.headers.set(name, value);
  };
}

const leave = (origin: string) => ({
  'access-control-allow-origin': origin,
  'access-control-allow-credentials': 'true',
});
