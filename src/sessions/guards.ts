import { findCaseHolder } from '../cases/case-access.ts';
import type { Context } from '../context.ts';
import { bearer, type Guard, unauthorized } from '../http.ts';
import { Problem } from '../problem.ts';
import { MINUTE, plus } from '../time.ts';
import { findSession, noteActivity, type Session } from './check.ts';

/** Only an account holder with a live session. What the account may do beyond reading, the gate decides. */
export function requireOwner(ctx: Context): Guard {
  return async (c, next) => {
    const session = await findSession(ctx, bearer(c));
    if (!session) throw unauthorized();
    c.set('session', session);
    await noteActivity(ctx, session);
    await next();
  };
}

/** An account holder by session, or by a case token: the way in of a frozen owner. */
export function requireOwnerOrCase(ctx: Context): Guard {
  return async (c, next) => {
    const token = bearer(c);
    const session = await findSession(ctx, token);
    const holder = session ? { accountId: session.account_id } : await findCaseHolder(ctx, token);
    if (!holder) throw unauthorized();
    c.set('speaker', { accountId: holder.accountId, session });
    if (session) await noteActivity(ctx, session);
    await next();
  };
}

/** Demands that the holder signed in recently: 401 as RFC 9470 section 3 says. Refreshing does not make it recent. */
export function requireFresh(ctx: Context, session: Session): void {
  const maxAge = ctx.policy['session.fresh'];
  if (plus(session.auth_time, maxAge) >= ctx.clock.now()) return;
  const challenge = [
    'Bearer error="insufficient_user_authentication"',
    `error_description="sign in again, at most ${maxAge / MINUTE} minutes ago"`,
    `acr_values="${session.acr}"`,
    `max_age="${maxAge / 1000}"`,
  ].join(', ');
  throw new Problem('insufficient-authentication', { headers: { 'www-authenticate': challenge } });
}
