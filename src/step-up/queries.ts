import type { Transaction } from 'kysely';
import { statement } from '../db/statement.ts';
import type { Database } from '../db/types.ts';
import type { Assurance } from '../sessions/issue.ts';

const raise = statement<
  { expires_at: Date },
  [id: string, accountId: string, acr: string, amr: string[], expiresAt: Date, now: Date]
>(
  'raise-session',
  `with cleared as (
     update passwords set consecutive_failures = 0
     where account_id = $2 and consecutive_failures > 0 and 'pwd' = any($4::text[]))
   update sessions set acr = $3, amr = $4::text[], auth_time = $6, last_seen_at = $6, lapsed_at = null, expires_at = $5
   where id = $1 and account_id = $2 and ended_at is null and expires_at > $6 returning expires_at`,
);

/** Begins the session anew by this authentication, with its limits in time (NIST 800-63B-4 5.2). False where it is over. */
export async function raiseSession(
  trx: Transaction<Database>,
  session: { id: string; accountId: string; expiresAt: Date } & Assurance,
  now: Date,
): Promise<boolean> {
  const { id, accountId, acr, amr, expiresAt } = session;
  return (await raise(trx, id, accountId, acr, amr, expiresAt, now)).length === 1;
}
