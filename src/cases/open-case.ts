import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { promisesOf, respondBy } from './promises.ts';
import * as queries from './queries.ts';
import { type CaseKind, caseReference, isMoreUrgent, type Priority } from './rules.ts';

export type CaseRow = queries.CaseRow;
type CaseRequest = {
  accountId: string;
  kind: CaseKind;
  priority: Priority;
  actor: Actor;
  client?: Client | undefined;
  /** Which rule opens it; there is one for each. */
  cause?: string | undefined;
};

/**
 * The account's open case of this kind, made with its ticket where there is none. One that is open less urgently is raised:
 * what a stranger reported first must not slow what its owner says. The caller holds the account's row lock, so sixteen
 * reports at once make one case.
 */
export async function openOrJoinCase(
  trx: Transaction<Database>,
  ctx: Context,
  request: CaseRequest,
  now: Date,
): Promise<CaseRow> {
  const { accountId, kind, priority, actor, client } = request;
  const open = await queries.findOpenCase(trx, accountId, kind, request.cause);
  if (open) return isMoreUrgent(priority, open.priority) ? await raise(trx, ctx, open, request, now) : open;
  const promises = promisesOf(ctx.policy, kind, priority, now);
  const facts = { account_id: accountId, kind, cause: request.cause ?? null, priority, ...promises };
  return { ...(await insertOpen(trx, ctx, facts, { actor, client }, now)), account_id: accountId };
}

type Shared = { accountCount: number; actor: Actor; client?: Client | undefined };

/**
 * The one case, with its one ticket, of all accounts that a bulk freeze contains. Nobody waits for its answer: whoever of
 * them says something gets a case of their own.
 */
export async function openSharedCase(
  trx: Transaction<Database>,
  ctx: Context,
  { accountCount, actor, client }: Shared,
  now: Date,
): Promise<queries.AnyCaseRow> {
  const facts = { account_id: null, account_count: accountCount, kind: 'takeover', priority: 'urgent' } as const;
  return await insertOpen(trx, ctx, { ...facts, first_answer_at: now }, { actor, client }, now);
}

type Facts = Pick<queries.NewCase, 'account_id' | 'account_count' | 'cause' | 'first_answer_at'> & {
  kind: CaseKind;
  priority: Priority;
};

async function insertOpen(
  trx: Transaction<Database>,
  ctx: Context,
  facts: Facts,
  { actor, client }: { actor: Actor; client?: Client | undefined },
  now: Date,
): Promise<queries.AnyCaseRow> {
  const { kind, priority } = facts;
  const reference = caseReference(randomBytes(8));
  const row = await queries.insertCase(trx, {
    ...{ id: newId(now), reference, opened_at: now },
    respond_by: respondBy(ctx.policy, priority, now),
    ...facts,
  });
  const ticket = { id: newId(now), case_id: row.id, provider: ctx.config.helpdesk.provider, priority, created_at: now };
  const accountId = row.account_id ?? undefined;
  const detail = { reference, kind, priority };
  await Promise.all([
    queries.insertTicket(trx, ticket),
    record(trx, { type: 'case.opened', actor, accountId, caseId: row.id, client, detail }, now),
  ]);
  return row;
}

/** The account's open case of this kind and cause, if there is one. */
export async function findOpenCase(
  trx: Transaction<Database>,
  accountId: string,
  kind: CaseKind,
  cause?: string,
): Promise<CaseRow | undefined> {
  return await queries.findOpenCase(trx, accountId, kind, cause);
}

/** The open case of this account that somebody named. Throws `invalid-request` pointing at it. */
export async function requireOpenCase(trx: Transaction<Database>, accountId: string, caseId: string): Promise<CaseRow> {
  const theCase = await queries.findCase(trx, caseId);
  if (theCase?.account_id === accountId && !theCase.closed_at) return theCase;
  throw new Problem('invalid-request', {
    errors: [{ pointer: '/caseId', detail: 'is no open case of this account' }],
  });
}

/** Makes a named case as urgent as a freeze is, and tells the helpdesk where it was less. Throws `invalid-request`. */
export async function raiseCase(
  trx: Transaction<Database>,
  ctx: Context,
  {
    accountId,
    caseId,
    actor,
    client,
  }: { accountId: string; caseId: string; actor: Actor; client?: Client | undefined },
  now: Date,
): Promise<CaseRow> {
  const theCase = await requireOpenCase(trx, accountId, caseId);
  if (theCase.priority === 'urgent') return theCase;
  return await raise(trx, ctx, theCase, { priority: 'urgent', actor, client }, now);
}

/** More urgent from now on, with the earlier of both promises; the helpdesk hears of it. */
export async function raise(
  trx: Transaction<Database>,
  ctx: Context,
  { id: caseId, account_id: accountId, priority: from }: CaseRow,
  { priority, actor, client }: { priority: Priority; actor: Actor; client?: Client | undefined },
  now: Date,
): Promise<CaseRow> {
  const raised = await queries.raisePriority(trx, caseId, priority, respondBy(ctx.policy, priority, now));
  await record(trx, { type: 'case.raised', actor, accountId, caseId, client, detail: { from } }, now);
  return raised;
}
