import type { Transaction } from 'kysely';
import { askApproval } from '../approvals/ask.ts';
import { findCase } from '../cases/cases.ts';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';
import { ALONE, type Filter, LOOK_BACK, MOST } from './rules.ts';
import { startWithin } from './start.ts';

type BulkFreezeRow = queries.BulkFreezeRow;
type Wanted = { accountIds: readonly string[] } | { filter: Filter };
type Request = {
  wanted: Wanted;
  reasonCode: BulkFreezeRow['reason_code'];
  note: string;
  isDryRun: boolean;
  agentId: string;
  client: Client;
};

/**
 * Asks for up to 100,000 accounts to be frozen under one case. It begins at once for few of them, and where one person works
 * alone: containment must not wait; else when a second one agrees. Ids of no open account are listed as failures. A dry run
 * keeps who it would be, and freezes nobody. Throws `invalid-request` where nobody would be frozen, or too many.
 */
export async function requestBulkFreeze(ctx: Context, request: Request): Promise<string> {
  const { wanted, reasonCode, note, isDryRun, agentId, client } = request;
  const now = ctx.clock.now();
  const actor = { kind: 'agent', id: agentId } as const;
  return await transact(ctx.db, ctx.ring, async (trx) => {
    const accountIds = await findWanted(trx, wanted, now);
    const total = accountIds.length;
    const id = newId(now);
    await queries.insertBulkFreeze(trx, {
      ...{ id, requested_by: agentId, requested_at: now, reason_code: reasonCode, note, total },
      ...{ filter: 'filter' in wanted ? JSON.stringify(wanted.filter) : null, is_dry_run: isDryRun },
    });
    await queries.insertAccounts(trx, id, accountIds);
    await queries.failUnknown(trx, id);
    const { waiting } = await queries.countProgress(trx, id);
    if (waiting === 0) throw refused(wanted, 'names no open account');
    const detail = { bulkFreezeId: id, total, reasonCode, note, isDryRun };
    await record(trx, { type: 'bulk-freeze.requested', actor, client, detail }, now);
    if (isDryRun) return id;
    if (total <= ALONE || ctx.policy['approvals.solo'] === 'true')
      await startWithin(trx, ctx, { id, by: actor, client }, now);
    else {
      const subject = { kind: 'bulk-freeze', accountId: null, subjectId: id } as const;
      await askApproval(trx, ctx, { ...subject, caseId: undefined, reason: note, agentId, client }, now);
    }
    return id;
  });
}

/** Each account once. */
async function findWanted(trx: Transaction<Database>, wanted: Wanted, now: Date): Promise<string[]> {
  const found =
    'filter' in wanted
      ? await findMatching(trx, wanted.filter, now)
      : [...new Set(wanted.accountIds.map((id) => id.toLowerCase()))];
  if (found.length > MOST) throw refused(wanted, `are more than ${MOST} accounts`);
  if (found.length === 0) throw refused(wanted, 'names no open account');
  return found;
}

async function findMatching(trx: Transaction<Database>, filter: Filter, now: Date): Promise<string[]> {
  const { caseId } = filter;
  if (caseId !== undefined && !(await findCase(trx, caseId))) {
    const detail = 'is no case of an account';
    throw new Problem('invalid-request', { errors: [{ pointer: '/filter/caseId', detail }] });
  }
  return await queries.findMatching(trx, filter, plus(now, -LOOK_BACK), MOST);
}

function refused(wanted: Wanted, detail: string): Problem {
  const pointer = 'filter' in wanted ? '/filter' : '/accountIds';
  return new Problem('invalid-request', { errors: [{ pointer, detail }] });
}

type Undo = { id: string; note: string; agentId: string; client: Client };

/**
 * Asks for the holds that a bulk freeze placed to be lifted, which a second person must agree to, however few they are: the
 * way out takes more than the way in. Throws `not-found`, `step-not-ready` until it is finished, `already-released`,
 * `approval-open`.
 */
export async function requestUndo(ctx: Context, { id, note, agentId, client }: Undo): Promise<string> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const freeze = await queries.lockBulkFreeze(trx, id);
    if (!freeze) throw new Problem('not-found');
    if (freeze.undo_started_at) throw new Problem('already-released');
    if (!freeze.finished_at) throw new Problem('step-not-ready', { members: { missing: ['freeze-finished'] } });
    const subject = { kind: 'bulk-undo', accountId: null, subjectId: id } as const;
    const caseId = freeze.case_id ?? undefined;
    const approval = await askApproval(trx, ctx, { ...subject, caseId, reason: note, agentId, client }, now);
    return approval.id;
  });
}
