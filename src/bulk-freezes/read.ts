import { type Approval, listApprovalsAbout } from '../approvals/list.ts';
import type { Context } from '../context.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';

const MOST_FAILURES = 100;
const MOST_SAMPLED = 20;

export const statuses = ['dry-run', 'waiting', 'called-off', 'running', 'finished', 'undoing', 'undone'] as const;

/** A bulk freeze with what was asked for about it. */
export type Told = {
  row: queries.BulkFreezeRow;
  status: (typeof statuses)[number];
  approval: Approval | undefined;
  undoApproval: Approval | undefined;
};
export type Whole = Told & {
  reference: string | undefined;
  progress: queries.Progress;
  sample: queries.Sampled[];
  failed: queries.Failed[];
};

/** How far it is: counts, some of the accounts, and those that could not be frozen, or not be let go. Throws `not-found`. */
export async function readBulkFreeze(ctx: Context, id: string): Promise<Whole> {
  const row = await queries.findBulkFreeze(ctx.urgentDb, id);
  if (!row) throw new Problem('not-found');
  const [told] = await tell(ctx, [row]);
  const db = ctx.urgentDb;
  return {
    ...(told as Told),
    reference: row.case_id === null ? undefined : (await queries.findCase(db, row.case_id)).reference,
    progress: await queries.countProgress(db, id),
    sample: await queries.listSample(db, id, MOST_SAMPLED),
    failed: await queries.listFailed(db, id, MOST_FAILURES),
  };
}

/** All of them, the newest first. */
export async function listBulkFreezes(ctx: Context, limit: number, before: string | undefined): Promise<Told[]> {
  return await tell(ctx, await queries.listBulkFreezes(ctx.urgentDb, limit, before));
}

async function tell(ctx: Context, rows: queries.BulkFreezeRow[]): Promise<Told[]> {
  const approvals = await listApprovalsAbout(
    ctx,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => {
    const newest = (kind: Approval['kind']) => approvals.find((it) => it.subject_id === row.id && it.kind === kind);
    const [approval, undoApproval] = [newest('bulk-freeze'), newest('bulk-undo')];
    return { row, approval, undoApproval, status: statusOf(row, approval) };
  });
}

function statusOf(row: queries.BulkFreezeRow, approval: Approval | undefined): Told['status'] {
  if (row.is_dry_run) return 'dry-run';
  if (row.undone_at) return 'undone';
  if (row.undo_started_at) return 'undoing';
  if (row.finished_at) return 'finished';
  if (row.started_at) return 'running';
  return approval?.status === 'pending' ? 'waiting' : 'called-off';
}
