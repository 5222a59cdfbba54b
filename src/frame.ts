import { addressReader } from './client-address.ts';
import type { Context } from './context.ts';
import { mediaTypes } from './evidence/file-type.ts';
import type { Guard } from './http.ts';
import { pickLocale } from './languages/languages.ts';
import { Problem } from './problem.ts';
import { requestIdOf } from './request-id.ts';

const BODY_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'];
/** The one path that takes files. */
const FILES = /^\/v1\/agent\/cases\/[^/]+\/evidence\/?$/;
const MOST_BYTES = 64 * 1024;
/** What carries many things at once. */
const BATCHES = ['/v1/server/events', '/v1/agent/bulk-freezes'];
const MOST_BYTES_OF_BATCH = 8 * 1024 * 1024;

/** Headers of every answer, whatever its status (ASVS 3.4). Pages loosen the policy for their own files only. */
export const securityHeaders = {
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
const entries = Object.entries(securityHeaders);
const flat = entries.flat();

/** Around every request: who is calling, the headers of the answer, one line in the log. */
export function frame(ctx: Context): Guard {
  const readAddress = addressReader(ctx.config.trustedProxies);
  return async (c, next) => {
    const started = performance.now();
    const requestId = requestIdOf(c.req.header('x-request-id'));
    const ip = readAddress(c.env?.incoming?.socket.remoteAddress, c.req.header('x-forwarded-for'));
    c.set('client', {
      ip,
      userAgent: c.req.header('user-agent')?.slice(0, 400),
      requestId,
      locale: pickLocale(c.req.header('accept-language')),
    });
    // On the socket's own answer they cost next to nothing; what the response sets itself goes over them.
    const framed = c.env?.outgoing?.framed;
    framed?.push(...flat, 'x-request-id', requestId);
    await next();
    if (!framed) setMissing(c.res.headers, requestId);
    // Allow-listed fields: no body, no query, no header, no path with somebody's identifier in it.
    ctx.log.info(
      {
        requestId,
        method: c.req.method,
        route: c.req.routePath,
        status: c.res.status,
        ms: Math.round(performance.now() - started),
        ip,
      },
      'request',
    );
  };
}

function setMissing(headers: Headers, requestId: string): void {
  headers.set('x-request-id', requestId);
  for (const [name, value] of entries) if (!headers.has(name)) headers.set(name, value);
}

/**
 * A body must be JSON, small, and text that can be stored before anything looks at it; what has no length is counted
 * while it is read.
 */
export const requireJson: Guard = (c, next) => {
  if (c.req.url.includes('%00')) throw unstorable('');
  return BODY_METHODS.includes(c.req.method) ? takeJson(c, next) : next();
};

async function takeJson(...[c, next]: Parameters<Guard>): Promise<void> {
  const most = BATCHES.includes(c.req.path) ? MOST_BYTES_OF_BATCH : MOST_BYTES;
  const length = c.req.header('content-length');
  const type = c.req.header('content-type') ?? '';
  if (isFile(c.req.method, c.req.path, type)) return await next();
  if (length !== undefined && Number(length) > most) throw new Problem('body-too-large');
  // A server's request may have a stream and nothing in it: only what was sent makes a body.
  const unmeasured = length === undefined ? await readUpTo(c.req.raw, most) : undefined;
  if (length === '0' || unmeasured?.length === 0) {
    if (type !== '') c.req.raw = withoutBody(c.req.raw);
    return await next();
  }
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new Problem('unsupported-media-type');
  if (unmeasured) c.req.raw = new Request(c.req.raw, { body: unmeasured });
  requireText(await c.req.text().catch(cutShort));
  await next();
}

/** A file as the body itself: its route bounds it and judges its bytes, once it is known who sends it. */
function isFile(method: string, path: string, type: string): boolean {
  if (method !== 'POST' || !FILES.test(path)) return false;
  const named = type.split(';')[0]?.trim().toLowerCase();
  return mediaTypes.some((each) => each === named);
}

/** The caller went away in the middle: no fault of ours, and nobody is left to read the answer. */
function cutShort(): never {
  throw new Problem('malformed-json');
}

/** Nothing was sent, whatever type it names: then the optional body of a route was left out. */
function withoutBody({ url, method, headers, signal }: Request): Request {
  const kept = new Headers(headers);
  kept.delete('content-type');
  return new Request(url, { method, headers: kept, signal });
}

/** The body, counted while it is read. Throws `body-too-large`. */
export async function readUpTo(request: Request, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > most) throw new Problem('body-too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Refuses what JSON can write and no text column can hold: NUL, and half of a surrogate pair. */
function requireText(json: string): void {
  if (!/\\u(0000|d[89a-f])/i.test(json)) return;
  const pointer = findUnstorable(parse(json));
  if (pointer !== undefined) throw unstorable(pointer);
}

function unstorable(pointer: string): Problem {
  return new Problem('invalid-request', { errors: [{ pointer, detail: 'has a character that cannot be stored' }] });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Problem('malformed-json');
  }
}

/** Where the first such text is. A list of what is left to see, since a caller chooses how deep a value goes. */
function findUnstorable(root: unknown): string | undefined {
  const left: [pointer: string, value: unknown][] = [['', root]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [pointer, value] = next;
    if (typeof value === 'string' && !isStorable(value)) return pointer;
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (!isStorable(key)) return pointer;
      left.push([`${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, inner]);
    }
  }
  return undefined;
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
