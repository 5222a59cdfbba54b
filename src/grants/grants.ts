import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { heldProblem, pass } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { findFactors } from '../second-factors/factors.ts';
import { requireStillLive } from '../sessions/check.ts';
import { type Holder, ownerEvent } from '../sessions/holder.ts';
import { plus } from '../time.ts';
import { amountErrors, canonicalAmount } from '../transactions/rules.ts';
import * as queries from './queries.ts';
import { type Approving, approvingFactors, type GrantAction, isShowable, type Payee, statusOf } from './rules.ts';

type Wish = {
  action: GrantAction;
  amount?: string | undefined;
  currency?: string | undefined;
  payee?: Payee | undefined;
  returnTo?: string | undefined;
};
export type Grant = queries.GrantRow & { status: ReturnType<typeof statusOf>; factors: Approving[] };

/**
 * Keeps what the payer is to confirm, as the server will show it, have it signed and hold it against the transaction
 * (PSD2 RTS 5(2), OWASP transaction authorisation). It permits nothing yet. Throws `invalid-request`,
 * `no-second-factor`, `account-held`, `too-many-requests`.
 */
export async function requestGrant(ctx: Context, holder: Holder, wish: Wish): Promise<Grant> {
  const errors = faultsOf(ctx, wish);
  if (errors.length > 0) throw new Problem('invalid-request', { errors });
  const now = ctx.clock.now();
  await ctx.limits.takeForAccount('grant', holder.accountId);
  const factors = await requireApprovingFactors(ctx, holder.accountId);
  const { action, currency, payee } = wish;
  const amount = wish.amount && currency ? canonicalAmount(wish.amount, currency) : null;
  const id = newId(now);
  const row = await issue(ctx, holder, action, now, async (trx) => {
    const inserted = await queries.insertGrant(trx, {
      id,
      account_id: holder.accountId,
      session_id: holder.sessionId,
      action,
      amount,
      currency: currency ?? null,
      payee_id: payee?.id ?? null,
      payee_name: payee?.name ?? null,
      nonce: randomBytes(32),
      return_to: wish.returnTo ?? null,
      requested_at: now,
      expires_at: plus(now, ctx.policy['grant.ttl']),
    });
    const detail = { grantId: id, action, amount, currency: currency ?? null };
    await record(trx, { ...ownerEvent(holder), type: 'grant.requested', detail }, now);
    return inserted;
  });
  return { ...row, is_session_live: true, status: 'requested', factors };
}

/** One's own grant as it stands, to the session that asked for it. Throws `not-found`. */
export async function showGrant(ctx: Context, holder: Holder, id: string): Promise<Grant> {
  const now = ctx.clock.now();
  const row = await requireGrant(ctx, holder, id);
  const factors = approvingFactors((await findFactors(ctx.reader, holder.accountId)) ?? []);
  return { ...row, status: statusOf(row, ctx.policy['grant.attempts'], now), factors };
}

/** The payer thought better of it. The same answer however often it is asked. Throws `not-found`. */
export async function cancelGrant(ctx: Context, holder: Holder, id: string): Promise<void> {
  const now = ctx.clock.now();
  await requireGrant(ctx, holder, id);
  await transact(ctx.db, ctx.ring, async (trx) => {
    if (!(await queries.voidGrant(trx, id, 'cancelled', now))) return;
    const detail = { grantId: id, reason: 'cancelled' } as const;
    await record(trx, { ...ownerEvent(holder), type: 'grant.voided', detail }, now);
  });
}

export async function requireGrant(ctx: Context, holder: Holder, id: string): Promise<queries.GrantRow> {
  const row = await queries.findGrant(ctx.reader, id, holder, ctx.clock.now());
  if (!row) throw new Problem('not-found');
  return row;
}

/** Throws `no-second-factor` where nothing is bound that may approve. */
async function requireApprovingFactors(ctx: Context, accountId: string): Promise<Approving[]> {
  const factors = approvingFactors((await findFactors(ctx.reader, accountId)) ?? []);
  if (factors.length === 0) throw new Problem('no-second-factor');
  return factors;
}

/** Under the lock that a freeze takes, past the gate, by a session that still lives. Throws `account-held`, `unauthorized`. */
export async function issue<T>(
  ctx: Context,
  { accountId, sessionId }: Holder,
  action: GrantAction,
  now: Date,
  work: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  return await transact(ctx.db, ctx.ring, async (trx) => {
    const passage = await pass(trx, accountId, action, now);
    if (!passage) throw new Problem('unauthorized');
    if (passage.stoppedBy.length > 0) throw heldProblem(passage.stoppedBy);
    await requireStillLive(trx, sessionId, now);
    return await work(trx);
  });
}

type Fault = { pointer: string; detail: string };

function faultsOf(ctx: Context, wish: Wish): Fault[] {
  return [...moneyFaults(wish), ...payeeFaults(wish.payee), ...returnFaults(ctx, wish.returnTo)];
}

function moneyFaults(wish: Wish): Fault[] {
  const members = ['amount', 'currency', 'payee'] as const;
  if (wish.action === 'security-change') {
    const given = members.filter((name) => wish[name] !== undefined);
    return given.map((name) => ({ pointer: `/${name}`, detail: 'belongs to a payment or a withdrawal' }));
  }
  if (wish.amount !== undefined && wish.currency !== undefined) return amountErrors(wish.amount, wish.currency);
  const missing = (['amount', 'currency'] as const).filter((name) => wish[name] === undefined);
  return missing.map((name) => ({ pointer: `/${name}`, detail: 'is missing' }));
}

/** What the payer sees must be what they confirm (OWASP: what you see is what you sign). */
function payeeFaults(payee: Payee | undefined): Fault[] {
  const texts = Object.entries(payee ?? {}).filter(([, text]) => text !== undefined && !isShowable(text));
  return texts.map(([name]) => ({ pointer: `/payee/${name}`, detail: 'has a character that cannot be shown' }));
}

/** Back to the pages that may call for account holders, and to no others (ASVS 3.7.2). */
function returnFaults({ config }: Context, returnTo: string | undefined): Fault[] {
  if (returnTo === undefined) return [];
  const url = URL.parse(returnTo);
  const isAllowed =
    url !== null && url.hash === '' && url.username === '' && config.allowedOrigins.includes(url.origin);
  return isAllowed ? [] : [{ pointer: '/returnTo', detail: 'must be on one of ALLOWED_ORIGINS, without a fragment' }];
}
