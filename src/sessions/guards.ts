import { findCaseHolder } from '../cases/case-access.ts';
import type { Context } from '../context.ts';
import { bearer, type Guard, operationOf, unauthorized } from '../http.ts';
import { findSession, noteActivity } from './check.ts';
import { type Demand, demandOf } from './demands.ts';
import { requireStrength } from './strength.ts';

/**
 * Only an account holder with a live session, authenticated as the operation's row in the table of demands says. What the
 * account may do beyond reading, the gate decides. Throws `unauthorized`, `insufficient-authentication`.
 */
export function requireOwner(ctx: Context): Guard {
  return async (c, next) => {
    const session = await findSession(ctx, bearer(c));
    if (!session) throw unauthorized();
    const { method, path } = operationOf(c);
    const listed = demandOf(`${method} ${path}`);
    const isOwn = listed === 'fresh-unless-own' && c.req.param('id') === session.id;
    const demand: Demand = isOwn ? 'live' : listed;
    c.set('session', session);
    c.set('demand', demand);
    // Judged by what was noted before this call: coming back is no proof of having been there.
    await noteActivity(ctx, session);
    await requireStrength(ctx, session, demand);
    await next();
  };
}

/** An account holder by session, or by a case token: the way in of a frozen owner. */
export function requireOwnerOrCase(ctx: Context): Guard {
  return async (c, next) => {
    const token = bearer(c);
    const session = await findSession(ctx, token);
    const holder = session ? { accountId: session.account_id, opened: undefined } : await findCaseHolder(ctx, token);
    if (!holder) throw unauthorized();
    c.set('speaker', { ...holder, session });
    if (session) await noteActivity(ctx, session);
    await next();
  };
}
