import type { Policy } from '../policy.ts';
import { plus } from '../time.ts';

export type ApprovalKind = 'second-factor-reset';

/** Why it ended without being carried out. */
export type EndReason = 'rejected' | 'vetoed' | 'factor-used' | 'frozen' | 'contact-restored' | 'held' | 'expired';

export const statuses = ['pending', 'scheduled', 'done', 'rejected', 'vetoed', 'cancelled', 'expired'] as const;
export type Status = (typeof statuses)[number];

type Delays = { [key in keyof Policy]: Policy[key] extends number ? key : never }[keyof Policy];
type Facts = {
  /** How long the owner can veto it after the second person's yes. */
  delay: Delays;
  /** What the owner is told: that it will be done, and that it will not. */
  scheduled: 'second-factor.reset-scheduled';
  cancelled: 'second-factor.reset-cancelled';
};

/** The one table of what agents cannot do alone. */
export const kinds: Record<ApprovalKind, Facts> = {
  'second-factor-reset': {
    delay: 'approvals.secondFactorResetDelay',
    scheduled: 'second-factor.reset-scheduled',
    cancelled: 'second-factor.reset-cancelled',
  },
};

/** When what is agreed to now is done. */
export function effectiveAt(policy: Policy, kind: ApprovalKind, now: Date): Date {
  return plus(now, policy[kinds[kind].delay]);
}

/** Where one person works alone: time stands in for the second one's yes, and the delay comes after it. */
export function soloEffectiveAt(policy: Policy, kind: ApprovalKind, now: Date): Date | undefined {
  if (policy['approvals.solo'] !== 'true') return undefined;
  return effectiveAt(policy, kind, plus(now, policy['approvals.soloDelay']));
}
