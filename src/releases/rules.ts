import type { Power } from '../agents/rules.ts';
import { isFreeze, type Scope, type Source } from '../holds/rules.ts';

/** What agents need to lift a hold. The owner lifts their own alone: `src/unfreeze`. */
type Lifting = {
  /** How many people it takes. */
  people: 1 | 2;
  /** What the one who asks must be, and the one who agrees. */
  requester: Power;
  approver: Power;
  /** Whether the owner's identity must be verified in the hold's case. */
  isAfterVerification: boolean;
};

const alone: Lifting = { people: 1, requester: 'agent', approver: 'lead', isAfterVerification: false };
const twoPeople: Lifting = { ...alone, people: 2 };

type Row = { freeze: Lifting | 'nobody'; other: Lifting | 'nobody' };

/** Who may lift what: for a hold on everything, and for a narrower one. */
// biome-ignore format: a table reads as one
const table: Record<Source, Row> = {
  owner:  { freeze: { ...twoPeople, isAfterVerification: true },                other: { ...twoPeople, isAfterVerification: true } },
  agent:  { freeze: twoPeople,                                                  other: twoPeople },
  rule:   { freeze: twoPeople,                                                  other: alone },
  policy: { freeze: 'nobody',                                                   other: 'nobody' },
  legal:  { freeze: { ...twoPeople, requester: 'admin', approver: 'admin' },    other: { ...twoPeople, requester: 'admin', approver: 'admin' } },
};

/** What it takes to lift this hold; `nobody` for one that ends by itself. */
export function liftingOf(hold: { scope: Scope; source: Source }): Lifting | 'nobody' {
  const row = table[hold.source];
  return isFreeze(hold) ? row.freeze : row.other;
}
