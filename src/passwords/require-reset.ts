import type { Transaction } from 'kysely';
import { findAccount } from '../accounts/accounts.ts';
import { requireOpenCase } from '../cases/open-case.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { voidLinks } from '../links/links.ts';
import { revokeAll } from '../sessions/end.ts';
import * as queries from './queries.ts';

type Noted = { note: string; caseId?: string | undefined };

/**
 * An agent can ask for a new password, never choose or know one (ASVS 6.4.6): every session ends, the password opens
 * nothing until a reset, and the owner is mailed the link for it. Again, it mails another. How many sessions ended.
 * Throws `not-found`, `invalid-request` for another account's case.
 */
export async function requirePasswordReset(
  ctx: Context,
  accountId: string,
  { note, caseId }: Noted,
  agentId: string,
  client: Client,
): Promise<number> {
  await findAccount(ctx, accountId);
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const endedSessions = await revokeAll(trx, accountId, now);
    if (caseId !== undefined) await requireOpenCase(trx, accountId, caseId);
    await queries.requireChange(trx, accountId, now);
    await voidLinks(trx, accountId, ['reset-password'], now);
    const actor = { kind: 'agent', id: agentId } as const;
    const detail = { note, endedSessions };
    // The mail is not to name the agent's device as if it were a stranger's.
    const payload = { device: '', ip: '' };
    await record(trx, { type: 'password.reset-required', actor, accountId, caseId, client, detail, payload }, now);
    return endedSessions;
  });
}

/**
 * Until a reset, or until the challenge of this hash is answered, the password opens nothing. Returns whether this call was
 * the one, for the password set then.
 */
export async function requireChange(
  trx: Transaction<Database>,
  accountId: string,
  now: Date,
  setAt: Date,
  distrustedBy?: Buffer,
): Promise<boolean> {
  return await queries.requireChange(trx, accountId, now, setAt, distrustedBy);
}
