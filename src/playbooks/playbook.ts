import type { Kysely } from 'kysely';
import type { CaseRow } from '../cases/cases.ts';
import type { Database } from '../db/types.ts';
import { type Facts, gatherFacts } from './facts.ts';
import * as queries from './queries.ts';
import { missingFor, type Step, steps, stepsOf } from './rules.ts';

export type StepState = { step: Step; done: boolean; missing: string[] };

/** The steps of a case with how far they are, and for each what it waits for. */
export async function readPlaybook(db: Kysely<Database>, theCase: CaseRow, now: Date): Promise<StepState[]> {
  return statesOf(theCase, await gatherFacts(db, theCase, now));
}

/** The names of what `step` of this case waits for; none means that it may begin. */
export async function findMissing(db: Kysely<Database>, theCase: CaseRow, step: Step, now: Date): Promise<string[]> {
  const { done, hasFrozen } = await gatherFacts(db, theCase, now);
  return missingFor(theCase.kind, step, done, hasFrozen);
}

/** Holds of this case that end only when somebody releases them. */
export async function listEndlessHolds(db: Kysely<Database>, caseId: string, now: Date) {
  return (await queries.listStandingOf(db, caseId, now)).filter(({ until }) => until === null);
}

/** The step that comes next: the first that is not done and waits for nothing. */
export function nextStep(states: readonly StepState[]): Step | null {
  return states.find(({ done, missing }) => !done && missing.length === 0)?.step ?? null;
}

function statesOf({ kind }: CaseRow, { done, hasFrozen }: Facts): StepState[] {
  const own = stepsOf(kind, hasFrozen);
  return steps
    .filter((step) => own[step] !== undefined)
    .map((step) => {
      const isDone = done.has(step);
      return { step, done: isDone, missing: isDone ? [] : missingFor(kind, step, done, hasFrozen) };
    });
}
