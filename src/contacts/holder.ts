import type { Client, Context } from '../context.ts';
import type { Holder } from '../second-factors/totp.ts';
import type { Session } from '../sessions/check.ts';
import { requireFresh } from '../sessions/guards.ts';

type Caller = { session: Session; client: Client };

/** Who makes a change, as the guards before it left them. */
export function holderOf({ session, client }: Caller): Holder {
  return { accountId: session.account_id, sessionId: session.id, deviceId: session.device_id, client };
}

/** As `holderOf`, for one who signed in recently (ASVS 7.5.1). Throws `insufficient-authentication`. */
export function freshHolder(ctx: Context, caller: Caller): Holder {
  requireFresh(ctx, caller.session);
  return holderOf(caller);
}

/** What a change by `freshHolder`, proven with a code where a factor is enrolled, can be refused with. */
export const changeRefusals = [
  'unauthorized',
  'insufficient-authentication',
  'second-factor-required',
  'invalid-code',
  'account-held',
  'too-many-attempts',
  'too-many-requests',
  'busy',
] as const;
