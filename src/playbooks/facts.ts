import type { Kysely } from 'kysely';
import type { CaseRow } from '../cases/cases.ts';
import type { Database } from '../db/types.ts';
import { listFactorBirths } from '../second-factors/factors.ts';
import { doubtedSince } from '../verifications/rules.ts';
import { findStanding } from '../verifications/standing.ts';
import { findWatchOfCase } from '../watches/find-watch.ts';
import { isBornInside, type Window } from '../windows/rules.ts';
import { findWindow } from '../windows/windows.ts';
import { type Containment, isTakenBack, isWayBack, lastContainment } from './containment.ts';
import * as queries from './queries.ts';
import { type Need, type Step, stepsOf } from './rules.ts';

export type Facts = {
  /** What is so now. */
  done: ReadonlySet<Need | Step>;
  hasFrozen: boolean;
};

/** Gathers what is so about a case: what its steps are derived from. The one place that says when a step is done. */
export async function gatherFacts(db: Kysely<Database>, theCase: CaseRow, now: Date): Promise<Facts> {
  const { id: caseId, account_id: accountId } = theCase;
  const contained = lastContainment(await queries.listFreezes(db, caseId), now);
  const told = await queries.findTold(db, caseId, accountId);
  const set = await findWindow(db, caseId);
  const window = set && closeAt(set, contained);
  const unmarked = await queries.countUnmarked(db, { caseId, accountId }, window);
  const { level } = await findStanding(db, caseId);
  const watch = await findWatchOfCase(db, caseId);
  const births = await listFactorBirths(db, accountId);
  const since = contained?.from ?? theCase.opened_at;
  const isOutside = (bornAt: Date) => window === undefined || !isBornInside(window, bornAt);
  const { passwordSetAt } = told;
  const hasFrozen = contained !== undefined && !isTakenBack(contained);
  const asksWindow = stepsOf(theCase.kind, hasFrozen)['window-set'] !== undefined;
  // biome-ignore format: a table reads as one
  const table: Record<Need | Step, boolean> = {
    'contained':             contained !== undefined,
    'reported':              told.hasReport || told.hasContact,
    'window-set':            set !== undefined,
    'credentials-reset':     passwordSetAt !== null && passwordSetAt > since && isOutside(passwordSetAt),
    'transactions-reviewed': unmarked === 0 && (set !== undefined || !asksWindow),
    'identity-verified':     level === 'verified',
    'factor-bound':          births.some((bornAt) => isOutside(bornAt) && (set !== undefined || bornAt < doubtedSince(since).from)),
    'restored':              isWayBack(contained),
    'watched':               watch?.end_reason === 'signed-off' || contained?.ended?.reason === 'owner',
    'closed':                theCase.closed_at !== null,
    'answered':              theCase.first_answer_at !== null,
    'refund-decided':        theCase.refund_due_at === null || theCase.refund_decided_at !== null,
  };
  const done = (Object.keys(table) as (Need | Step)[]).filter((name) => table[name]);
  return { done: new Set(done), hasFrozen };
}

/** A window without an end lasts until the account was contained: from then on nobody was in it. */
function closeAt(window: Window, contained: Containment | undefined): Window {
  return { from: window.from, until: window.until ?? contained?.from };
}
