import { Problem } from '../problem.ts';

/** What whoever may not say yes is told: `self-approval`, `forbidden` for lack of power, else why they are no second person. */
export function refusalProblem(refusal: string | undefined): Problem {
  if (refusal === 'self-approval') return new Problem('self-approval');
  if (refusal === 'role' || refusal === undefined) return new Problem('forbidden');
  return new Problem('second-person-required', { members: { reason: refusal } });
}
