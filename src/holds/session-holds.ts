import type { SessionHold } from '../sessions/check.ts';
import type { PublicHold } from './gate.ts';

/** A hold read together with a session, as owner and host see it. */
export function publicSessionHold(hold: SessionHold): PublicHold {
  return {
    scope: hold.scope,
    reasonCode: hold.reason_code,
    since: new Date(hold.since).toISOString(),
    until: hold.until === null ? null : new Date(hold.until).toISOString(),
  };
}
