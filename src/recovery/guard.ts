import type { Context } from '../context.ts';
import { bearer, type Guard, unauthorized } from '../http.ts';
import { findRecovery } from './change.ts';

/** Only the holder of a token that a recovery link answered. Throws `unauthorized`. */
export function requireRecovery(ctx: Context): Guard {
  return async (c, next) => {
    const recovery = await findRecovery(ctx, bearer(c));
    if (!recovery) throw unauthorized();
    c.set('recovery', recovery);
    await next();
  };
}
