import type { Context } from '../context.ts';
import * as queries from './queries.ts';
import type { Status } from './rules.ts';

export type Change = queries.Change;
export type Agent = queries.AgentShown;

/** Everybody who works or worked here, newest first. */
export async function listAgents(ctx: Context, before: string | undefined, limit: number): Promise<Agent[]> {
  return await queries.listAgents(ctx.urgentDb, { before }, limit, ctx.clock.now());
}

/** Every change that was wanted, newest first, as it stands now. */
export async function listChanges(
  ctx: Context,
  filter: { status?: Status | undefined; before?: string | undefined },
  limit: number,
): Promise<Change[]> {
  return await queries.listChanges(ctx.urgentDb, filter, limit, ctx.clock.now());
}
