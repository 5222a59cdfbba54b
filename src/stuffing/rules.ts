// Exported for tests: evidence

/**
 * Identifiers that were tried in vain, with success, and whose tries are under way; not tries: somebody who mistypes is one.
 */
export type Outcomes = { failed: number; open: number; succeeded: number };
type Ended = Pick<Outcomes, 'failed' | 'succeeded'>;

/** What the tries of strangers look like around this one: from its address (IPv6 by /64), with its password, and all. */
export type Sighting = Record<Cause, Outcomes>;

/** What a stranger is answered; each step holds what is before it too. */
const steps = ['none', 'work', 'factor', 'block'] as const;
type Step = (typeof steps)[number];
const causes = ['address', 'password', 'service'] as const;
export type Cause = (typeof causes)[number];
export type Suspicion = { step: Step; causes: Cause[]; difficulty: number };

type Bar = { identifiers: number; odds: number };

/**
 * From how many identifiers in vain, and from what odds against chance, each cause leads to each step. People share
 * addresses, so their successes count for them. A whole service is never blocked: that would be the attack.
 */
// biome-ignore format: a table reads as one
const bars: Record<Cause, Partial<Record<Step, Bar>>> = {
  address:  { work: { identifiers: 4,  odds: 1e2 }, factor: { identifiers: 6,  odds: 1e3 }, block: { identifiers: 20, odds: 1e9 } },
  password: { work: { identifiers: 4,  odds: 1 },   factor: { identifiers: 6,  odds: 1 },   block: { identifiers: 20, odds: 1 } },
  service:  { work: { identifiers: 12, odds: 1e6 }, factor: { identifiers: 16, odds: 1e8 } },
};

const EASY = 15;
const HARD = 19;

/** What to ask of a stranger, and why; `normal` is the share of strangers' identifiers that fail when nobody attacks. */
export function judge(sighting: Sighting, normal: number): Suspicion {
  const found = causes.map((cause) => ({ cause, step: stepOf(sighting[cause], bars[cause], normal) }));
  const raised = found.filter(({ step }) => step !== 'none');
  const step = raised.reduce<Step>((highest, { step }) => (isAtLeast(step, highest) ? step : highest), 'none');
  return { step, causes: raised.map(({ cause }) => cause), difficulty: isAtLeast(step, 'factor') ? HARD : EASY };
}

export function isAtLeast(step: Step, other: Step): boolean {
  return steps.indexOf(step) >= steps.indexOf(other);
}

/**
 * The logarithm of how much likelier these outcomes are if the share of failures rose than on a normal day (a generalised
 * likelihood ratio): a handful of failures proves nothing, and many honest people speak against it.
 */
export function evidence({ failed, succeeded }: Ended, normal: number): number {
  const share = failed / (failed + succeeded);
  if (!(share > normal)) return 0;
  const honest = succeeded === 0 ? 0 : succeeded * Math.log((1 - share) / (1 - normal));
  return failed * Math.log(share / normal) + honest;
}

/** The service's own share of failures, leaning on a guess of three in ten until there is enough to know better. */
export function normalShare({ failed, succeeded }: Ended): number {
  const share = (failed + 15) / (failed + succeeded + 50);
  return Math.min(0.6, Math.max(0.05, share));
}

function stepOf(outcomes: Outcomes, bar: Partial<Record<Step, Bar>>, normal: number): Step {
  const isReached = (step: Step, { identifiers, odds }: Bar) => {
    const ended = atWorst(outcomes, step);
    return ended.failed >= identifiers && Math.exp(evidence(ended, normal)) >= odds;
  };
  return steps.findLast((step) => bar[step] && isReached(step, bar[step])) ?? 'none';
}

/** Work may be asked for nothing: what is under way counts as failed. What costs an honest person more waits for its end. */
function atWorst({ failed, open, succeeded }: Outcomes, step: Step): Ended {
  return { failed: step === 'work' ? failed + open : failed, succeeded };
}
