import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { type CaseKind, caseReference, type Priority, respondBy } from './rules.ts';

export type CaseRow = queries.CaseRow;
type CaseRequest = {
  accountId: string;
  kind: CaseKind;
  priority: Priority;
  actor: Actor;
  client?: Client | undefined;
};

/**
 * The account's open case of this kind, made with its ticket where there is none. The caller holds the account's row
 * lock, so sixteen reports at once make one case.
 */
export async function openOrJoinCase(
  trx: Transaction<Database>,
  ctx: Context,
  request: CaseRequest,
  now: Date,
): Promise<CaseRow> {
  const { accountId, kind, priority, actor, client } = request;
  const open = await queries.findOpenCase(trx, accountId, kind);
  if (open) return open;
  const reference = caseReference(randomBytes(8));
  const row = await queries.insertCase(trx, {
    id: newId(now),
    reference,
    account_id: accountId,
    kind,
    priority,
    opened_at: now,
    respond_by: respondBy(ctx.policy, priority, now),
  });
  await queries.insertTicket(trx, {
    id: newId(now),
    case_id: row.id,
    provider: ctx.config.helpdesk.provider,
    priority,
    created_at: now,
  });
  await record(
    trx,
    { type: 'case.opened', actor, accountId, caseId: row.id, client, detail: { reference, kind, priority } },
    now,
  );
  return row;
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
  const raised = await queries.raisePriority(trx, caseId, respondBy(ctx.policy, 'urgent', now));
  await record(trx, { type: 'case.raised', actor, accountId, caseId, client, detail: { from: theCase.priority } }, now);
  return raised;
}
