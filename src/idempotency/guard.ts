import type { Context } from '../context.ts';
import type { Guard } from '../http.ts';
import { Problem } from '../problem.ts';
import { begin, fingerprint, finish } from './idempotency.ts';

const PATTERN = /^[\x21-\x7e]{1,255}$/;

/** Honours `Idempotency-Key` for whoever is behind the guard before it: same key and body, same answer, for 24 hours. */
export function idempotent(ctx: Context): Guard {
  return (c, next) => {
    const key = c.req.header('idempotency-key');
    return c.req.method !== 'POST' || key === undefined ? next() : answerOnce(ctx, key, c, next);
  };
}

async function answerOnce(ctx: Context, key: string, ...[c, next]: Parameters<Guard>): Promise<void> {
  if (!PATTERN.test(key))
    throw new Problem('invalid-request', {
      errors: [{ pointer: '/', detail: 'Idempotency-Key must be 1 to 255 visible characters' }],
    });
  const caller = c.var.apiKey ? `host:${c.var.apiKey.id}` : `agent:${c.var.agent.agent_id}`;
  const ticket = { caller, key, requestHash: fingerprint(ctx, c.req.method, c.req.path, await c.req.text()) };
  const kept = await begin(ctx, ticket);
  if (kept) {
    c.res = new Response(kept.body === '' ? null : kept.body, {
      status: kept.status,
      headers: { 'content-type': kept.contentType, 'idempotency-replayed': 'true' },
    });
    return;
  }
  await next();
  const answer = c.res.clone();
  await finish(ctx, ticket, {
    status: answer.status,
    body: await answer.text(),
    contentType: answer.headers.get('content-type') ?? 'application/json',
  });
}
