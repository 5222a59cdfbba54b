import { findCase } from '../cases/cases.ts';
import { findAddressBefore } from '../contacts/address-before.ts';
import type { Context } from '../context.ts';
import { doubtedSince } from '../verifications/rules.ts';
import { findCompromise } from '../windows/compromise.ts';
import * as queries from './queries.ts';

type Letter = { accountId: string; email: string; expiresInSeconds: number };

/** The mail with the link of a recovery that waits for it, to a mailbox that no thief put there. */
export async function findRecoveryLetter(ctx: Context, recoveryId: string): Promise<Letter | undefined> {
  const offered = await queries.findOffered(ctx.db, recoveryId);
  const theCase = offered && (await findCase(ctx.db, offered.case_id));
  if (!theCase) return undefined;
  const { account_id: accountId } = theCase;
  const since = (await findCompromise(ctx.db, accountId)) ?? doubtedSince(theCase.opened_at).from;
  const email = await findAddressBefore(ctx.db, accountId, since);
  return { accountId, email, expiresInSeconds: ctx.policy['recovery.linkTtl'] / 1000 };
}
