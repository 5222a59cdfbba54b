import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { bearer, type Guard, unauthorized } from '../http.ts';
import { Problem } from '../problem.ts';
import { findApiKey, type Scope } from './api-keys.ts';
import type { Budget } from './budget.ts';

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
    if (scope !== 'accounts:freeze') tell(c, await ctx.budget.spend(key.id));
    await next();
  };
}

/** As draft-ietf-httpapi-ratelimit-headers has them. */
function tell(c: Parameters<Guard>[0], standing: Awaited<ReturnType<Budget['spend']>>): void {
  if (!standing) return;
  c.header('ratelimit-policy', `"api-key";q=${standing.limit};w=60`);
  c.header('ratelimit', `"api-key";r=${standing.remaining};t=${standing.seconds}`);
}
