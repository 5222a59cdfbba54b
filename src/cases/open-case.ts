import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
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
