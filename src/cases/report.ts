import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { weighMoney } from './money.ts';
import { openOrJoinCase } from './open-case.ts';
import * as queries from './queries.ts';
import { issueReceipt } from './receipts.ts';
import { type CaseKind, type Priority, priorities } from './rules.ts';

/** The owner, by session, or whoever holds a case token: what the latter says is unproven until verified. */
export type Speaker = { accountId: string; isProven: boolean; client: Client };
export type Report = {
  kind: CaseKind;
  message: string;
  transactionIds?: string[] | undefined;
  evidence?: string | undefined;
  /** Where it is more than its kind. */
  priority?: Priority;
};
export type Reported = { theCase: queries.CaseRow; receipt: string };

/** An owner's report as a part of a larger change: case, words, receipt and event. The caller has the account to itself. */
export async function reportWithin(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, isProven, client }: Speaker,
  input: Report,
  now: Date,
): Promise<Reported> {
  const actor = { kind: 'owner', id: accountId } as const;
  const { kind, priority = priorities[kind] } = input;
  const opened = await openOrJoinCase(trx, ctx, { accountId, kind, priority, actor, client }, now);
  const data = { transactionIds: input.transactionIds ?? [], evidence: input.evidence ?? null };
  await queries.insertMessage(trx, {
    id: newId(now),
    case_id: opened.id,
    author_kind: 'owner',
    author_id: accountId,
    kind: 'report',
    is_proven: isProven,
    body: input.message,
    data: JSON.stringify(data),
    created_at: now,
  });
  await queries.wake(trx, opened.id);
  const theCase = await weighMoney(trx, ctx, opened, client, now);
  const receipt = await issueReceipt(trx, ctx, theCase, { event: 'reported', kind }, now);
  const detail = { kind, isProven };
  await record(trx, { type: 'case.reported', actor, accountId, caseId: theCase.id, client, detail }, now);
  return { theCase, receipt };
}
