import type { Kysely, Transaction } from 'kysely';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { requirePassage } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { type Report, type Reported, reportWithin, type Speaker } from './report.ts';

export type CaseRow = queries.CaseRow;
export type AnyCaseRow = queries.AnyCaseRow;
export type MessageRow = queries.MessageRow;

/** Takes an owner's report, frozen or not: opens or joins the case of its kind and signs a receipt with the time. */
export async function report(ctx: Context, speaker: Speaker, input: Report): Promise<Reported> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await requirePassage(trx, speaker.accountId, 'case-access', now);
    return await reportWithin(trx, ctx, speaker, input, now);
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
    await queries.wake(trx, caseId);
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

/** A case of an account. One about many is none. */
export async function findCase(db: Kysely<Database>, id: string): Promise<CaseRow | undefined> {
  return await queries.findCase(db, id);
}

/** A case of an account, or of many: for agents alone. */
export async function findAnyCase(db: Kysely<Database>, id: string): Promise<AnyCaseRow | undefined> {
  return await queries.findAnyCase(db, id);
}

/** Everything said in a case, notes among agents included. */
export async function listAllMessages(db: Kysely<Database>, caseId: string): Promise<MessageRow[]> {
  return await queries.listMessages(db, caseId, ['report', 'message', 'note']);
}

/** As `lockAnyOpenCase`, of an account: one about many throws `not-found`. */
export async function lockOpenCase(trx: Transaction<Database>, id: string): Promise<CaseRow> {
  const { account_id, ...rest } = await lockAnyOpenCase(trx, id);
  if (account_id === null) throw new Problem('not-found');
  return { ...rest, account_id };
}

/** The case under its row lock, while it is open. Throws `not-found`, `case-closed`. */
export async function lockAnyOpenCase(trx: Transaction<Database>, id: string): Promise<AnyCaseRow> {
  const theCase = await queries.lockAnyCase(trx, id);
  if (!theCase) throw new Problem('not-found');
  if (theCase.closed_at) throw new Problem('case-closed');
  return theCase;
}

type Said = { caseId: string; agentId: string; kind: 'message' | 'note'; body: string };

/** What an agent says, to the owner or among agents. */
export async function insertAgentMessage(
  trx: Transaction<Database>,
  { caseId, agentId, kind, body }: Said,
  now: Date,
): Promise<MessageRow> {
  return await queries.insertMessage(trx, {
    id: newId(now),
    case_id: caseId,
    author_kind: 'agent',
    author_id: agentId,
    kind,
    is_proven: true,
    body,
    created_at: now,
  });
}
