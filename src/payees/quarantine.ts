import type { Kysely, Transaction } from 'kysely';
import { findCase } from '../cases/cases.ts';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';

/** What speaks against money leaving to this payee, though no hold does. One indexed statement. */
export async function findMoneyDoubts(
  db: Kysely<Database>,
  accountId: string,
  payeeId: string | undefined,
): Promise<{ isWatched: boolean; isQuarantined: boolean }> {
  return await queries.findDoubts(db, accountId, payeeId);
}

type About = { accountId: string; caseId: string; id: string };

/** Nothing more goes from the account to this payee, under the account's lock; `id` is theirs in the window's contents. */
export async function quarantinePayee(
  trx: Transaction<Database>,
  { accountId, caseId, id }: About,
  agentId: string,
  now: Date,
): Promise<void> {
  const payeeId = await queries.findPayee(trx, accountId, id);
  if (payeeId === undefined) throw new Problem('not-found');
  await queries.insertQuarantine(trx, { id: newId(now), accountId, payeeId, caseId, agentId }, now);
}

/** A lead says that the payee is the owner's own after all. Throws `not-found`, `case-closed`. */
export async function trustPayee(
  ctx: Context,
  caseId: string,
  { payeeId: id, note }: { payeeId: string; note: string },
  agentId: string,
  client: Client,
): Promise<void> {
  const now = ctx.clock.now();
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await findCase(trx, caseId);
    if (!theCase || !(await passAlone(trx, theCase.account_id, 'case-access', now))) throw new Problem('not-found');
    if (theCase.closed_at) throw new Problem('case-closed');
    const { account_id: accountId } = theCase;
    const payeeId = await queries.findPayee(trx, accountId, id);
    const lifted =
      payeeId === undefined ? undefined : await queries.liftQuarantine(trx, accountId, payeeId, agentId, now);
    if (!lifted) throw new Problem('not-found');
    const actor = { kind: 'agent', id: agentId } as const;
    await record(trx, { type: 'payee.trusted', actor, accountId, caseId, client, detail: { id, note } }, now);
  });
}
