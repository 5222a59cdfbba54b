import type { Transaction } from 'kysely';
import { weighMoney } from '../cases/money.ts';
import { type Reported, reportWithin, type Speaker } from '../cases/report.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { requirePassage } from '../holds/gate.ts';
import { text } from '../languages/languages.ts';
import { Problem } from '../problem.ts';
import { isDoubted } from '../windows/windows.ts';
import * as queries from './queries.ts';
import { isMarkable, isReportable, reportableUntil } from './rules.ts';

type TransactionRow = queries.TransactionRow;
type Wanted = { mine: boolean; note?: string | undefined };
/** Who marks: signed in since `signedInAt`, or by case token alone. */
type Marker = { accountId: string; signedInAt: Date | undefined; client: Client };
type Marked = { row: TransactionRow; reported?: Reported };

export async function listTransactions(
  ctx: Context,
  accountId: string,
  limit: number,
  before: string | undefined,
): Promise<TransactionRow[]> {
  return await queries.listOf(ctx.reader, accountId, limit, before);
}

/**
 * The owner says whether a transaction is theirs, frozen or not. One that is not opens or joins a case, with a receipt, and
 * what is not completed of it is stopped (PSD2 71: within 13 months). By a case token, or by a session that began inside a
 * window of compromise, it is unproven: then it stops, and takes nothing back. Nothing that the owner says approves.
 * Throws `not-found`, `transaction-too-old`, `mark-stands`.
 */
export async function markTransaction(ctx: Context, marker: Marker, id: string, wanted: Wanted): Promise<Marked> {
  const now = ctx.clock.now();
  const { accountId, signedInAt, client } = marker;
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await requirePassage(trx, accountId, 'case-access', now);
    const row = await queries.lockTransaction(trx, id, accountId);
    if (!row) throw new Problem('not-found');
    if (!wanted.mine && !isReportable(row.occurred_at, now)) {
      const until = reportableUntil(row.occurred_at).toISOString();
      throw new Problem('transaction-too-old', { members: { until } });
    }
    const isProven = signedInAt !== undefined && !(await isDoubted(trx, accountId, signedInAt));
    const isSaid = row.marked_mine === wanted.mine && (row.mark_proven === true || !isProven);
    if (isSaid) return { row };
    if (!isMarkable(row, { mine: wanted.mine, isProven })) throw new Problem('mark-stands');
    const speaker = { accountId, isProven, client };
    const reported = wanted.mine ? undefined : await reportAs(trx, ctx, speaker, row, wanted.note, now);
    const mark = { mine: wanted.mine, note: wanted.note, by: 'owner', isProven } as const;
    const by = { actor: { kind: 'owner', id: accountId }, client, caseId: reported?.theCase.id } as const;
    // One mail for the case: whoever disowns many at once must not flood the owner.
    const isSilent = reported !== undefined && (await queries.isMarkedIn(trx, reported.theCase.id));
    const marked = await writeMark(trx, row, mark, { ...by, isSilent }, now);
    if (reported) await weighMoney(trx, ctx, reported.theCase, client, now);
    return { row: marked, ...(reported && { reported }) };
  });
}

async function reportAs(
  trx: Transaction<Database>,
  ctx: Context,
  speaker: Speaker,
  { transaction_id: transactionId }: TransactionRow,
  note: string | undefined,
  now: Date,
): Promise<Reported> {
  const message = note ?? text(speaker.client.locale, 'report.not-mine', { transactionId });
  const report = { kind: 'unauthorised-transaction', message, transactionIds: [transactionId] } as const;
  return await reportWithin(trx, ctx, speaker, { ...report, transactionIds: [transactionId] }, now);
}

/** An agent's word that it is not the owner's, under the account's lock; what is not completed is stopped. */
export async function disown(
  trx: Transaction<Database>,
  { id, accountId, caseId }: { id: string; accountId: string; caseId: string },
  { agentId, note, client }: { agentId: string; note: string; client: Client },
  now: Date,
): Promise<void> {
  const row = await queries.lockTransaction(trx, id, accountId);
  if (!row) throw new Problem('not-found');
  const by = { actor: { kind: 'agent', id: agentId }, client, caseId, isSilent: false } as const;
  await writeMark(trx, row, { mine: false, note, by: 'agent', isProven: true }, by, now);
}

type Mark = { mine: boolean; note?: string | undefined; by: 'owner' | 'agent'; isProven: boolean };
type By = { actor: Actor; client: Client; caseId: string | undefined; isSilent: boolean };

async function writeMark(
  trx: Transaction<Database>,
  { id, account_id: accountId, transaction_id: transactionId }: TransactionRow,
  mark: Mark,
  { isSilent, ...who }: By,
  now: Date,
): Promise<TransactionRow> {
  const { mine, by, isProven, note = null } = mark;
  const marked = await queries.setMark(trx, id, { mine, by, isProven, note }, now);
  const about = { ...who, accountId };
  await record(trx, { ...about, type: 'transaction.marked', detail: { transactionId, mine, by, isProven } }, now);
  if (mine) return marked;
  const stopped = await queries.stopTransaction(trx, id, now);
  if (!stopped) return marked;
  const detail = { transactionId, decision: 'deny', reason: 'not-mine', note: null } as const;
  await record(trx, { ...about, type: 'transaction.resolved', detail, isSilent }, now);
  return stopped;
}
