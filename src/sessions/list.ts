import type { Context } from '../context.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';

type ListedSession = queries.ListedSession;

/** The account's live sessions, last seen first. */
export async function listSessions(ctx: Context, accountId: string): Promise<ListedSession[]> {
  const now = ctx.clock.now();
  return await queries.listSessions(ctx.urgentDb, accountId, now, plus(now, -ctx.policy['session.idle']));
}
