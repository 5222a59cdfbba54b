import type { CaseKind } from '../cases/rules.ts';

/** What happens in a case, in this order. A step is done when the facts say so (`facts.ts`), never because somebody ticked it. */
export const steps = [
  'contained',
  'reported',
  'window-set',
  'credentials-reset',
  'transactions-reviewed',
  'identity-verified',
  'factor-bound',
  'restored',
  'watched',
  'closed',
] as const;
export type Step = (typeof steps)[number];

/** What a step can wait for: other steps, the first answer to the owner, and what became of their money. */
export type Need = Exclude<Step, 'closed'> | 'answered' | 'refund-decided';

/** What is promised to the owner, as keys of the policy; the first answer goes by priority: `sla.urgent`, `sla.other`. */
type Promises = { solve?: 'sla.lockedOut' | 'sla.complaint'; refund?: 'sla.refundDays' };
type Playbook = { steps: Partial<Record<Step, readonly Need[]>>; promises: Promises };

/** Whatever the case is about: once it froze the account, this is the way back, and each step waits for those named. */
// biome-ignore format: a table reads as one
const wayBack: Playbook['steps'] = {
  'contained':             [],
  'reported':              [],
  'window-set':            ['contained'],
  'identity-verified':     ['reported'],
  'credentials-reset':     ['identity-verified'],
  'transactions-reviewed': ['window-set'],
  'factor-bound':          ['identity-verified'],
  'restored':              ['contained', 'reported', 'window-set', 'credentials-reset', 'transactions-reviewed', 'identity-verified', 'factor-bound'],
  'watched':               ['restored'],
  'closed':                ['restored', 'watched', 'refund-decided'],
};

/** The one table: per kind of case its steps, what each waits for, and what its owner is promised. */
// biome-ignore format: a table reads as one
export const playbooks: Record<CaseKind, Playbook> = {
  'takeover': {
    promises: {},
    steps: wayBack,
  },
  'suspicious-activity': {
    promises: {},
    steps: {
      'transactions-reviewed': [],
      'closed':                ['transactions-reviewed'],
    },
  },
  'unauthorised-transaction': {
    promises: { refund: 'sla.refundDays' },
    steps: {
      'reported':              [],
      'transactions-reviewed': ['reported'],
      'closed':                ['reported', 'transactions-reviewed', 'answered', 'refund-decided'],
    },
  },
  'scam': {
    promises: {},
    steps: {
      'reported':              [],
      'transactions-reviewed': ['reported'],
      'closed':                ['reported', 'transactions-reviewed', 'answered'],
    },
  },
  'locked-out': {
    promises: { solve: 'sla.lockedOut' },
    steps: {
      'reported':          [],
      'identity-verified': ['reported'],
      'closed':            ['reported', 'answered'],
    },
  },
  'complaint': {
    promises: { solve: 'sla.complaint' },
    steps: {
      'reported': [],
      'closed':   ['reported', 'answered'],
    },
  },
};

/** The steps of a case: its kind's, and the way back where it froze the account. `closed` then waits for both. */
export function stepsOf(kind: CaseKind, hasFrozen: boolean): Playbook['steps'] {
  const own = playbooks[kind].steps;
  if (!hasFrozen || own === wayBack) return own;
  const closed = [...new Set([...(wayBack.closed ?? []), ...(own.closed ?? [])])];
  return { ...own, ...wayBack, closed };
}

/** What must be so before `step` begins and is not yet. A step that the case has none of asks what the way back asks. */
export function missingFor(kind: CaseKind, step: Step, done: ReadonlySet<Need | Step>, hasFrozen: boolean): Need[] {
  const needs = stepsOf(kind, hasFrozen)[step] ?? wayBack[step] ?? [];
  return needs.filter((need) => !done.has(need));
}
