import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { isPassable, pass } from '../holds/gate.ts';
import { findLink } from '../links/links.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';

/** How whoever holds a case token came by it, and the very passkey that did. */
type Opened = { by: 'password' | 'passkey' | 'link'; factorId?: string };
export type CaseHolder = { accountId: string; opened: Opened };
type CaseAccess = { caseToken: string; expiresIn: number; caseReference: string | null };

/**
 * A short token that is no session: with it a held owner can see and feed their own cases, and nothing else. What is
 * said with it counts as unproven. The caller has checked password or link.
 */
export async function issueCaseToken(
  ctx: Context,
  accountId: string,
  opened: Opened,
  client: Client,
): Promise<CaseAccess> {
  const now = ctx.clock.now();
  const leading = await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const passage = await pass(trx, accountId, 'case-access', now);
    if (!passage || passage.stoppedBy.length > 0) throw new Problem('unauthorized');
    const actor = { kind: 'owner', id: accountId } as const;
    await record(trx, { type: 'case.accessed', actor, accountId, client, detail: { by: opened.by } }, now);
    return await queries.findLeadingCase(trx, accountId);
  });
  const ttl = ctx.policy['caseAccess.ttl'];
  const caseToken = ctx.signer.sign('case', accountId, { ...opened }, ttl, now);
  return { caseToken, expiresIn: ttl / 1000, caseReference: leading?.reference ?? null };
}

/** The way in from a mail about a case, as often as needed until it expires. Throws `invalid-token`. */
export async function openCaseByLink(ctx: Context, token: string, client: Client): Promise<CaseAccess> {
  const now = ctx.clock.now();
  const link = await findLink(ctx.urgentDb, token, now);
  if (link?.purpose !== 'case-access' || !link.account_id) throw new Problem('invalid-token');
  return await issueCaseToken(ctx, link.account_id, { by: 'link' }, client);
}

/** The account a case token speaks for, or undefined. A closed account's token opens nothing. */
export async function findCaseHolder(ctx: Context, token: string): Promise<CaseHolder | undefined> {
  const now = ctx.clock.now();
  const claims = await ctx.signer.verify('case', token, now);
  const accountId = claims?.sub;
  if (!claims || accountId === undefined || !(await isPassable(ctx.reader, accountId, 'case-access', now)))
    return undefined;
  const { by, factorId } = claims;
  return { accountId, opened: { by: by as Opened['by'], ...(typeof factorId === 'string' ? { factorId } : {}) } };
}
