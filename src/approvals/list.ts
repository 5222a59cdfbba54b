import type { Context } from '../context.ts';
import * as queries from './queries.ts';
import type { Status } from './rules.ts';

export type Approval = queries.Approval;

/** All of them, newest first, as they stand now. */
export async function listApprovals(
  ctx: Context,
  filter: { status?: Status | undefined; before?: string | undefined },
  limit: number,
): Promise<Approval[]> {
  return await queries.listApprovals(ctx.urgentDb, filter, limit, ctx.clock.now());
}

/** What was asked for about many accounts, of these subjects, the newest first. */
export async function listApprovalsAbout(ctx: Context, subjectIds: readonly string[]): Promise<Approval[]> {
  return await queries.listAbout(ctx.urgentDb, subjectIds, ctx.clock.now());
}

/** What waits for a second agent or for its time on this account. */
export async function findOpenApproval(ctx: Context, subject: queries.Subject): Promise<Approval | undefined> {
  return await queries.findOpen(ctx.urgentDb, subject, ctx.clock.now());
}
