import type { Transaction } from 'kysely';
import { endApprovalsOf } from '../approvals/end.ts';
import { signReceipt } from '../cases/receipts.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { endUnfreezes } from '../unfreeze/end.ts';
import { contain } from './contain.ts';
import * as queries from './many-queries.ts';
import type { HoldRow } from './queries.ts';

type ManyFreezes = {
  accountIds: readonly string[];
  reasonCode: HoldRow['reason_code'];
  note: string;
  agentId: string;
  theCase: { id: string; reference: string };
};
/** `isOurs`: whether the hold came to be by this; one of the same source and reason that stood before is kept. */
export type Contained = { accountId: string } & (
  | { holdId: string; isOurs: boolean }
  | { failure: 'not-found' | 'closed' }
);

/**
 * Contains many accounts as `freeze` does each, in one transaction and as many statements as one takes: hold, end of every
 * session, device and half-done sign-in, receipt, event and notice, all or none. They share their case and its ticket.
 */
export async function freezeMany(
  trx: Transaction<Database>,
  ctx: Context,
  request: ManyFreezes,
  now: Date,
): Promise<Contained[]> {
  const { accountIds, reasonCode, note, agentId, theCase } = request;
  const accounts = new Map((await queries.lockAccountsForChange(trx, accountIds)).map((row) => [row.id, row]));
  const standing = new Map(
    (await queries.findFreezesOf(trx, accountIds))
      .filter((hold) => hold.source === 'agent' && hold.reason_code === reasonCode)
      .map((hold) => [hold.account_id, hold.id]),
  );
  const contained = accountIds.map((accountId): Contained => {
    const account = accounts.get(accountId);
    if (!account) return { accountId, failure: 'not-found' };
    if (account.closed_at) return { accountId, failure: 'closed' };
    const holdId = standing.get(accountId);
    return holdId === undefined
      ? { accountId, holdId: newId(now), isOurs: true }
      : { accountId, holdId, isOurs: false };
  });
  const cause = { reason: 'frozen', actor: { kind: 'agent', id: agentId } } as const;
  // Whoever freezes calls off what was about to be lifted.
  await endApprovalsOf(trx, { kind: 'release-hold', subjects: standing }, cause, now);
  await endUnfreezes(trx, [...accounts.keys()], cause, now);
  const ours = contained.flatMap((it) =>
    'holdId' in it && it.isOurs ? [{ id: it.holdId, accountId: it.accountId }] : [],
  );
  if (ours.length === 0) return contained;
  const freezes = ours.map((hold) => ({
    ...hold,
    receiptId: newId(now),
    jws: signReceipt(ctx, hold.accountId, theCase, { event: 'account-frozen', scope: 'all' }, now),
  }));
  const common = { reasonCode, source: 'agent', agentId, caseId: theCase.id, note } as const;
  await queries.insertFreezes(trx, freezes, common, now);
  await contain(trx, ours, { source: 'agent', reasonCode, note, caseId: theCase.id, actor: cause.actor }, now);
  return contained;
}
