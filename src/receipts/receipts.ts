import type { Context } from '../context.ts';
import * as queries from './queries.ts';

type ListedReceipt = queries.ListedReceipt;

/** The signed proof of each of the owner's reports and freezes, newest first. */
export async function listReceipts(
  ctx: Context,
  accountId: string,
  limit: number,
  before: string | undefined,
): Promise<ListedReceipt[]> {
  return await queries.listReceipts(ctx.reader, accountId, limit, before);
}
