import type { Kysely } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { requirePassage } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { openOrJoinCase } from './open-case.ts';
import * as queries from './queries.ts';
import { issueReceipt } from './receipts.ts';
import { type CaseKind, priorities } from './rules.ts';

export type CaseRow = queries.CaseRow;
export type MessageRow = queries.MessageRow;
type QueueFilter = queries.QueueFilter;
type QueuedCase = queries.QueuedCase;

/** The owner, by session, or whoever holds a case token: what the latter says is unproven until verified. */
export type Speaker = { accountId: string; isProven: boolean; client: Client };
type Report = {
  kind: CaseKind;
  message: string;
  transactionIds?: string[] | undefined;
  evidence?: string | undefined;
};
type Reported = { theCase: CaseRow; receipt: string };

/** Takes an owner's report, frozen or not: opens or joins the case of its kind and signs a receipt with the time. */
export async function report(ctx: Context, speaker: Speaker, input: Report): Promise<Reported> {
  const now = ctx.clock.now();
  const { accountId, isProven, client } = speaker;
  const actor = { kind: 'owner', id: accountId } as const;
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await requirePassage(trx, accountId, 'case-access', now);
    const theCase = await openOrJoinCase(
      trx,
      ctx,
      { accountId, kind: input.kind, priority: priorities[input.kind], actor, client },
      now,
    );
    const data = { transactionIds: input.transactionIds ?? [], evidence: input.evidence ?? null };
    await queries.insertMessage(trx, {
      id: newId(now),
      case_id: theCase.id,
      author_kind: 'owner',
      author_id: accountId,
      kind: 'report',
      is_proven: isProven,
      body: input.message,
      data: JSON.stringify(data),
      created_at: now,
    });
    const receipt = await issueReceipt(trx, ctx, theCase, { event: 'reported', kind: input.kind }, now);
    await record(
      trx,
      { type: 'case.reported', actor, accountId, caseId: theCase.id, client, detail: { kind: input.kind, isProven } },
      now,
    );
    return { theCase, receipt };
  });
}

/** Adds the owner's words to their own open case. Throws `not-found` for another's, as for none. */
export async function addMessage(ctx: Context, speaker: Speaker, caseId: string, body: string): Promise<MessageRow> {
  const now = ctx.clock.now();
  const { accountId, isProven, client } = speaker;
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await requirePassage(trx, accountId, 'case-access', now);
    const theCase = await queries.findCase(trx, caseId);
    if (theCase?.account_id !== accountId || theCase.closed_at) throw new Problem('not-found');
    const message = await queries.insertMessage(trx, {
      id: newId(now),
      case_id: caseId,
      author_kind: 'owner',
      author_id: accountId,
      kind: 'message',
      is_proven: isProven,
      body,
      created_at: now,
    });
    const actor = { kind: 'owner', id: accountId } as const;
    await record(
      trx,
      { type: 'case.message-added', actor, accountId, caseId, client, detail: { by: 'owner', isProven } },
      now,
    );
    return message;
  });
}

type OwnersCase = { theCase: CaseRow; messages: MessageRow[] };

/** One of the owner's own cases with what was said openly. Throws `not-found`. */
export async function readOwnCase(ctx: Context, accountId: string, caseId: string): Promise<OwnersCase> {
  const theCase = await queries.findCase(ctx.urgentDb, caseId);
  if (theCase?.account_id !== accountId) throw new Problem('not-found');
  return { theCase, messages: await queries.listMessages(ctx.urgentDb, caseId, ['report', 'message']) };
}

export async function listOwnCases(
  ctx: Context,
  accountId: string,
  limit: number,
  before: string | undefined,
): Promise<CaseRow[]> {
  return await queries.listCasesOf(ctx.urgentDb, accountId, limit, before);
}

export async function listQueue(ctx: Context, filter: QueueFilter, limit: number): Promise<QueuedCase[]> {
  return await queries.listQueue(ctx.urgentDb, filter, limit);
}

export async function findCase(db: Kysely<Database>, id: string): Promise<CaseRow | undefined> {
  return await queries.findCase(db, id);
}

/** A case with everything said in it, for an agent. Throws `not-found`. */
export async function readCase(ctx: Context, caseId: string): Promise<OwnersCase> {
  const theCase = await queries.findCase(ctx.urgentDb, caseId);
  if (!theCase) throw new Problem('not-found');
  return { theCase, messages: await queries.listMessages(ctx.urgentDb, caseId, ['report', 'message', 'note']) };
}
