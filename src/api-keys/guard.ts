import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { bearer, type Guard, unauthorized } from '../http.ts';
import { Problem } from '../problem.ts';
import { findApiKey, type Scope } from './api-keys.ts';
import type { Standing } from './budget.ts';

/**
 * Only the host's back end, with a key that has this scope; a refusal for lack of it is an event (ASVS 16.3.2). Counts
 * against the key's limit, which the answer tells: but freezing is never refused for being much.
 */
export function requireApiKey(ctx: Context, scope: Scope): Guard {
  return async (c, next) => {
    const token = bearer(c);
    const key = token.startsWith('hf_sk_') ? await findApiKey(ctx, token) : undefined;
    if (!key) throw unauthorized();
    if (!key.scopes.includes(scope)) {
      const actor = { kind: 'host', id: key.id } as const;
      const detail = { path: c.req.path };
      await transact(ctx.db, ctx.ring, (trx) =>
        record(trx, { type: 'authorisation.failed', actor, client: c.var.client, detail }, ctx.clock.now()),
      );
      throw new Problem('forbidden');
    }
    c.set('apiKey', key);
    if (scope !== 'accounts:freeze') {
      const spent = ctx.budget.spend(key.id);
      tell(c, spent instanceof Promise ? await spent : spent);
    }
    await next();
  };
}

/** As draft-ietf-httpapi-ratelimit-headers has them; on the socket's own answer, where there is one, as the frame's are. */
function tell(c: Parameters<Guard>[0], standing: Standing | undefined): void {
  if (!standing) return;
  const framed = c.env?.outgoing?.framed;
  const set = (name: string, value: string) => (framed ? framed.push(name, value) : c.header(name, value));
  set('ratelimit-policy', `"api-key";q=${standing.limit};w=60`);
  set('ratelimit', `"api-key";r=${standing.remaining};t=${standing.seconds}`);
}
