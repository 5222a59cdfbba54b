import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../db/types.ts';
import { Problem } from '../problem.ts';
import * as queries from './queries.ts';
import { type Action, type Scope, type Source, stopping } from './rules.ts';

export type Hold = queries.HoldRow;
export type PublicHold = { scope: Scope; reasonCode: Hold['reason_code']; since: string; until: string | null };

type Passage = { account: queries.LockedAccount; stoppedBy: Hold[] };

/**
 * The one place that decides whether an account may do an action. Until this transaction ends no freeze can come
 * between the answer and what is issued on it. Undefined for an account that is unknown or closed.
 */
export async function pass(
  trx: Transaction<Database>,
  accountId: string,
  action: Action,
  now: Date,
): Promise<Passage | undefined> {
  const account = await queries.lockAccountForIssuing(trx, accountId);
  if (!account || account.closed_at) return undefined;
  const holds = await queries.findStandingHolds(trx, accountId, now);
  return { account, stoppedBy: stopping(holds, action) };
}

/** As `pass`, for a change that must have the account to itself. */
export async function passAlone(
  trx: Transaction<Database>,
  accountId: string,
  action: Action,
  now: Date,
): Promise<Passage | undefined> {
  const account = await queries.lockAccountForChange(trx, accountId);
  if (!account || account.closed_at) return undefined;
  const holds = await queries.findStandingHolds(trx, accountId, now);
  return { account, stoppedBy: stopping(holds, action) };
}

/** As `pass`, without a lock: for reading, not for issuing. */
export async function isPassable(db: Kysely<Database>, accountId: string, action: Action, now: Date): Promise<boolean> {
  const [isOpen, holds] = await Promise.all([
    queries.isOpenAccount(db, accountId),
    queries.findStandingHolds(db, accountId, now),
  ]);
  return isOpen && stopping(holds, action).length === 0;
}

/** For a signed-in caller: throws `account-held` with what stops the action, or `unauthorized` for no account. */
export async function requirePassage(
  trx: Transaction<Database>,
  accountId: string,
  action: Action,
  now: Date,
): Promise<queries.LockedAccount> {
  const passage = await passAlone(trx, accountId, action, now);
  if (!passage) throw new Problem('unauthorized');
  if (passage.stoppedBy.length > 0) throw heldProblem(passage.stoppedBy);
  return passage.account;
}

/** The answer now, without a lock: for telling, not for issuing. */
export async function findHolds(db: Kysely<Database>, accountId: string, now: Date): Promise<Hold[]> {
  return await queries.findStandingHolds(db, accountId, now);
}

export function heldProblem(holds: readonly Hold[], members: Record<string, unknown> = {}): Problem {
  return new Problem('account-held', { members: { holds: holds.map(publicHold), ...members } });
}

/** A hold as the owner and the host see it: not who placed it, nor its id. */
export function publicHold(hold: Hold): PublicHold {
  return {
    scope: hold.scope,
    reasonCode: hold.reason_code,
    since: hold.since.toISOString(),
    until: hold.until?.toISOString() ?? null,
  };
}

/** A hold as an agent sees it. */
export function fullHold(hold: Hold): PublicHold & { id: string; source: Source } {
  return { id: hold.id, source: hold.source, ...publicHold(hold) };
}
