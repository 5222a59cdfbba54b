import type { Config } from './config.ts';
import type { Guard } from './http.ts';

const METHODS = 'GET, POST, PUT, DELETE';
const HEADERS = 'Authorization, Content-Type, X-Request-Id';
const EXPOSED = 'Retry-After, WWW-Authenticate, X-Request-Id';
const MAX_AGE_SECONDS = 600;

type Allowing = Pick<Config, 'allowedOrigins'>;

/**
 * Lets pages of the listed origins call, cookies included (Fetch, CORS protocol). An origin is compared whole, never by
 * pattern; any other one gets no leave to read and no preflight (ASVS 3.4.2, 3.5.2).
 */
export function allowOrigins(config: Allowing): Guard {
  const allowed = new Set(config.allowedOrigins);
  const headersFor = allowedHeaders(config);
  return async (c, next) => {
    const origin = c.req.header('origin');
    const isPreflight = c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined;
    if (origin !== undefined && allowed.has(origin) && isPreflight) {
      return c.body(null, 204, {
        ...leave(origin),
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': HEADERS,
        'access-control-max-age': String(MAX_AGE_SECONDS),
        vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      });
    }
    await next();
    const { vary, ...given } = headersFor(origin);
    if (vary) c.res.headers.append('vary', vary);
    for (const [name, value] of Object.entries(given)) c.res.headers.set(name, value);
    return undefined;
  };
}

/** What an answer to a page of this origin says about who may read it; nothing where no origin is listed. */
export function allowedHeaders({ allowedOrigins }: Allowing): (origin?: string) => Record<string, string> {
  const allowed = new Set(allowedOrigins);
  return (origin) => {
    if (allowed.size === 0) return {};
    if (origin === undefined || !allowed.has(origin)) return { vary: 'Origin' };
    return { vary: 'Origin', ...leave(origin), 'access-control-expose-headers': EXPOSED };
  };
}

const leave = (origin: string) => ({
  'access-control-allow-origin': origin,
  'access-control-allow-credentials': 'true',
});
