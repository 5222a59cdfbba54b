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
  // One agent's word, or the owner's press on a late entry, must not make a thief's mailbox one from before.
  const supposed = doubtedSince(theCase.opened_at).from;
  const told = await findCompromise(ctx.db, accountId);
  const since = told && told < supposed ? told : supposed;
  const email = await findAddressBefore(ctx.db, accountId, since);
  return { accountId, email, expiresInSeconds: ctx.policy['recovery.linkTtl'] / 1000 };
}
