import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from './context.ts';
import { allowedHeaders } from './cors.ts';
import { securityHeaders } from './frame.ts';
import { pickLocale, text } from './languages/languages.ts';
import { Problem, problemBody, problems } from './problem.ts';
import { requestIdOf } from './request-id.ts';

const PATH = '/v1/auth/sign-in';
const BETWEEN_LINES_MS = 1_000;

/** Whether it answered the request itself, so that nothing more is done about it. */
export type Shed = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Refuses a sign-in with 503 while the queue of hashes is full, at the socket, before anything of it is read: a flood is
 * refused for as little as can be, so that it holds up nobody else (ASVS 15.2.2). The log has one line a second of how many.
 */
export function openShed({ hasher, config, log }: Pick<Context, 'hasher' | 'config' | 'log'>): Shed {
  const leave = allowedHeaders(config);
  const headers = {
    ...securityHeaders,
    'content-type': 'application/problem+json',
    'retry-after': '1',
  };
  const busy = new Problem('busy');
  let refused = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  return (request, response) => {
    if (request.method !== 'POST' || request.url !== PATH || hasher.hasRoom()) return false;
    const requestId = requestIdOf(request.headers['x-request-id']);
    const title = text(pickLocale(request.headers['accept-language']), 'problem.busy');
    response
      .writeHead(problems.busy, { ...headers, 'x-request-id': requestId, ...leave(request.headers.origin) })
      .end(JSON.stringify(problemBody(busy, config.publicUrl, requestId, title)));
    refused += 1;
    if (performance.now() - toldAt < BETWEEN_LINES_MS) return true;
    log.warn({ refused }, 'sign-ins refused: the queue of hashes is full');
    [refused, toldAt] = [0, performance.now()];
    return true;
  };
}
