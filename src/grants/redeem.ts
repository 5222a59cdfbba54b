import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { hashToken } from '../crypto/tokens.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { type Hold, pass } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { type Deed, findDifferences, type Refusal, refusalOf } from './rules.ts';

/** Who brings the grant, and for which of the host's transactions. */
type Bearer = { actor: Actor; client: Client; transactionId?: string | undefined };

/**
 * Spends a grant on exactly the deed it was confirmed for; undefined means that it did. Must run under the account's lock
 * and past the gate, in the transaction that decides on the deed (OWASP: a last gate at execution). Where the deed differs
 * the grant is void for good, and its owner is told (PSD2 RTS 5(1)(d)).
 */
export async function redeemGrant(
  trx: Transaction<Database>,
  token: string,
  deed: Deed,
  bearer: Bearer,
  now: Date,
): Promise<Refusal | undefined> {
  const grant = await queries.findGrantByToken(trx, hashToken(token), now);
  if (!grant) return 'unknown';
  const refusal = refusalOf(grant, now);
  if (refusal) return refusal;
  if (await voidWhereAltered(trx, grant, deed, bearer, now)) return 'altered';
  if (!(await queries.spendGrant(trx, grant.id, now))) return 'used';
  const detail = { grantId: grant.id, transactionId: bearer.transactionId ?? null, factor: grant.factor ?? '' };
  await record(trx, { ...eventOf(grant, bearer), type: 'grant.redeemed', detail }, now);
  return undefined;
}

/** As `redeemGrant` where there is nothing to decide any more: only an alteration has its consequence. */
export async function refuseAltered(
  trx: Transaction<Database>,
  token: string,
  deed: Deed,
  bearer: Bearer,
  now: Date,
): Promise<void> {
  const grant = await queries.findGrantByToken(trx, hashToken(token), now);
  if (grant && !refusalOf(grant, now)) await voidWhereAltered(trx, grant, deed, bearer, now);
}

/** A hold stops what it was for: it does not wait for the hold's end. */
export async function voidHeldGrant(
  trx: Transaction<Database>,
  token: string,
  deed: Deed,
  bearer: Bearer,
  now: Date,
): Promise<void> {
  const grant = await queries.findGrantByToken(trx, hashToken(token), now);
  if (!grant || refusalOf(grant, now)) return;
  if (await voidWhereAltered(trx, grant, deed, bearer, now)) return;
  if (!(await queries.voidGrant(trx, grant.id, 'held', now))) return;
  const detail = { grantId: grant.id, reason: 'held' } as const;
  await record(trx, { ...eventOf(grant, bearer), type: 'grant.voided', detail }, now);
}

type ChangeVerdict = { stoppedBy: Hold[]; refusal: Refusal | undefined };

/**
 * Spends a grant for a security change that the host makes itself, such as a new payee or a higher limit. Throws
 * `invalid-request` for an unknown account.
 */
export async function redeemForChange(
  ctx: Context,
  { grant, ...who }: { grant: string; accountId: string; sessionId?: string | undefined },
  bearer: Bearer,
): Promise<ChangeVerdict> {
  const now = ctx.clock.now();
  const deed = { action: 'security-change', ...who };
  return await transact(ctx.db, ctx.ring, async (trx) => {
    const passage = await pass(trx, who.accountId, 'security-change', now);
    if (!passage) throw unknownAccount();
    const { stoppedBy } = passage;
    if (stoppedBy.length === 0) return { stoppedBy, refusal: await redeemGrant(trx, grant, deed, bearer, now) };
    await voidHeldGrant(trx, grant, deed, bearer, now);
    return { stoppedBy, refusal: undefined };
  });
}

async function voidWhereAltered(
  trx: Transaction<Database>,
  grant: queries.GrantRow,
  deed: Deed,
  bearer: Bearer,
  now: Date,
): Promise<boolean> {
  const differences = findDifferences(grant, deed);
  if (differences.length === 0 || !(await queries.voidGrant(trx, grant.id, 'altered', now))) return false;
  const detail = { grantId: grant.id, transactionId: bearer.transactionId ?? null, differences };
  // The host's own address would look like a stranger's in the mail about it.
  await record(trx, { ...eventOf(grant, bearer), client: undefined, type: 'grant.altered', detail }, now);
  return true;
}

/** On the grant's own account, whichever the deed names. */
function eventOf(grant: queries.GrantRow, { actor, client }: Bearer) {
  return { actor, client, accountId: grant.account_id, sessionId: grant.session_id };
}

function unknownAccount(): Problem {
  return new Problem('invalid-request', { errors: [{ pointer: '/accountId', detail: 'there is no such account' }] });
}
