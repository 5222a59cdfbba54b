import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { bearer, type Guard, unauthorized } from '../http.ts';
import { Problem } from '../problem.ts';
import { findApiKey, type Scope } from './api-keys.ts';

/** Only the host's back end, with a key that has this scope. A refusal for lack of it is an event (ASVS 16.3.2). */
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
    await next();
  };
}
