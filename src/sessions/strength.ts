import type { Context } from '../context.ts';
import { Problem } from '../problem.ts';
import { hasSecondFactor } from '../second-factors/factors.ts';
import { plus, SECOND } from '../time.ts';
import type { Session } from './check.ts';
import type { Demand } from './demands.ts';

/**
 * Demands that the session's holder authenticated well and lately enough for an operation. Neither refreshing nor being
 * active makes it so; a step-up or a new sign-in does. Throws `insufficient-authentication`, 401 as RFC 9470 section 3 says.
 */
export async function requireStrength(ctx: Context, session: Session, demand: Demand): Promise<void> {
  if (demand === 'live') return;
  const now = ctx.clock.now();
  const { 'session.fresh': fresh, 'session.sensitiveIdle': sensitiveIdle } = ctx.policy;
  const isLapsed = session.lapsed_at !== null || plus(session.last_seen_at, sensitiveIdle) < now;
  const isStale = demand !== 'active' && plus(session.auth_time, fresh) < now;
  const isWeak =
    demand !== 'active' && session.acr === 'aal1' && (await hasSecondFactor(ctx.reader, session.account_id));
  if (!isLapsed && !isStale && !isWeak) return;
  const acr = isWeak ? 'aal2' : session.acr;
  throw insufficient({ acr, isWeak, maxAge: isLapsed ? Math.min(fresh, sensitiveIdle) : fresh });
}

/** How strongly, and how lately, to authenticate anew. */
export function insufficient({ acr, isWeak, maxAge }: { acr: string; isWeak: boolean; maxAge: number }): Problem {
  const seconds = maxAge / SECOND;
  const description = isWeak ? 'A second factor is required' : 'A more recent authentication is required';
  const challenge = [
    'Bearer error="insufficient_user_authentication"',
    `error_description="${description}"`,
    `acr_values="${acr}"`,
    `max_age="${seconds}"`,
  ].join(', ');
  return new Problem('insufficient-authentication', {
    headers: { 'www-authenticate': challenge },
    members: { acr_values: acr, max_age: seconds },
  });
}
