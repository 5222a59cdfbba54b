import type { Transaction } from 'kysely';
import { emailKey } from '../accounts/identifiers.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { findHolds, passAlone } from '../holds/gate.ts';
import { forgetPasswordFailures } from '../passwords/put-reset.ts';
import { Problem } from '../problem.ts';
import { endEverything } from '../sessions/end.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';

/** What the law keeps, without a name on it, and until when. */
type Kept = { what: 'receipts' | 'transactions'; count: number; until: string };
export type Erasure = { accountId: string; erasedAt: string; kept: Kept[] };

/**
 * Closes the account for good and forgets the person (GDPR 17): identifiers are free again, events are emptied under their
 * seals, and what the law keeps stands under the account's id alone. The same answer however often it is asked. Throws
 * `not-found`, and `erasure-blocked` while a legal hold or an open case needs the account (GDPR 17(3)(b) and (e)).
 */
export async function eraseAccount(ctx: Context, accountId: string, actor: Actor, client?: Client): Promise<Erasure> {
  const now = ctx.clock.now();
  const erasedAt = await transact(ctx.db, ctx.ring, async (trx) => {
    // Under the lock that whoever signs in, freezes or reports takes too: nothing new can come in between.
    const passage = await passAlone(trx, accountId, 'case-access', now);
    if (passage) {
      await refuseBlocked(trx, accountId, now);
      await erase(trx, ctx, accountId, now);
      await record(trx, { type: 'account.erased', actor, accountId, client, detail: {} }, now);
    }
    return await queries.findErasure(trx, accountId);
  });
  if (!erasedAt) throw new Problem('not-found');
  return { accountId, erasedAt: erasedAt.toISOString(), kept: await listKept(ctx, accountId) };
}

async function refuseBlocked(trx: Transaction<Database>, accountId: string, now: Date): Promise<void> {
  const isLegal = (await findHolds(trx, accountId, now)).some((hold) => hold.source === 'legal');
  const openCases = await queries.listOpenCases(trx, accountId);
  const blockedBy = [...(isLegal ? ['legal-hold'] : []), ...(openCases.length > 0 ? ['open-case'] : [])];
  const detail = `Needed by ${[...(isLegal ? ['a legal hold'] : []), ...openCases.map((it) => `case ${it}`)].join(', ')}`;
  if (blockedBy.length > 0) throw new Problem('erasure-blocked', { detail, members: { blockedBy, openCases } });
}

async function erase(trx: Transaction<Database>, ctx: Context, accountId: string, now: Date): Promise<void> {
  const names = await queries.listNames(trx, accountId);
  const keys = [...new Set([...names, ...names.map(emailKey)])];
  await queries.eraseEvents(trx, accountId, pseudonymsOf(ctx, keys));
  await queries.eraseDeliveries(trx, accountId, keys);
  await forgetPasswordFailures(trx, ctx, accountId);
  await endEverything(trx, accountId, 'erased', now);
  await queries.deletePersonal(trx, accountId, keys);
  await queries.eraseKept(trx, accountId, (payee) => ctx.keys.pseudonym('erased-payee', payee));
  await queries.closeCases(trx, accountId, now);
  await queries.closeErased(trx, accountId, now);
}

/** Under these, events of nobody's account name the person: asked for a reset, for a sign-up, searched for by an agent. */
function pseudonymsOf(ctx: Context, names: string[]): string[] {
  const labels = ['reset-identifier', 'sign-up-email', 'search'];
  return names.flatMap((name) => labels.map((label) => ctx.keys.pseudonym(label, name)));
}

async function listKept(ctx: Context, accountId: string): Promise<Kept[]> {
  const kept = await queries.countKept(ctx.db, accountId);
  const of = (what: Kept['what'], count: number, last: Date | null, keep: number): Kept[] =>
    last === null ? [] : [{ what, count, until: plus(last, keep).toISOString() }];
  return [
    ...of('receipts', kept.receipts, kept.last_receipt, ctx.policy['erasure.keepReceipts']),
    ...of('transactions', kept.transactions, kept.last_transaction, ctx.policy['erasure.keepTransactions']),
  ];
}

/** Deletes receipts, and what was kept of erased accounts, once their time is over; may run on any node, at any time. */
export async function endRetention(ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  const receiptsBefore = plus(now, -ctx.policy['erasure.keepReceipts']);
  const transactionsBefore = plus(now, -ctx.policy['erasure.keepTransactions']);
  await transact(ctx.db, ctx.ring, (trx) => queries.deletePastRetention(trx, { receiptsBefore, transactionsBefore }));
}
