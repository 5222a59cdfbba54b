import type { Policy } from '../policy.ts';
import { plus } from '../time.ts';

export const approvalKinds = ['second-factor-reset', 'release-hold', 'bulk-freeze', 'bulk-undo'] as const;
export type ApprovalKind = (typeof approvalKinds)[number];

/** Why it ended without being carried out. */
export const endReasons = [
  'rejected',
  'vetoed',
  'factor-used',
  'frozen',
  'contact-restored',
  'held',
  'not-ready',
  'contested',
  'released',
  'expired',
] as const;
export type EndReason = (typeof endReasons)[number];

export const statuses = ['pending', 'scheduled', 'done', 'rejected', 'vetoed', 'cancelled', 'expired'] as const;
export type Status = (typeof statuses)[number];

type Delays = { [key in keyof Policy]: Policy[key] extends number ? key : never }[keyof Policy];
type Facts = OfAccount | OfMany;
/** No owner has a say in it: it is done with the yes. */
type OfMany = { isOfMany: true };
type OfAccount = {
  isOfMany: false;
  /** How long the owner can veto it after the second person's yes. */
  delay: Delays;
  /** What the owner is told: that it will be done, and that it will not. */
  scheduled: 'second-factor.reset-scheduled' | 'hold.release-scheduled';
  cancelled: 'second-factor.reset-cancelled' | 'hold.release-cancelled';
};

/** The one table of what agents cannot do alone. What each does, and who may agree to it: `effects.ts`. */
export const kinds: Record<ApprovalKind, Facts> = {
  'second-factor-reset': {
    isOfMany: false,
    delay: 'approvals.secondFactorResetDelay',
    scheduled: 'second-factor.reset-scheduled',
    cancelled: 'second-factor.reset-cancelled',
  },
  'release-hold': {
    isOfMany: false,
    delay: 'approvals.releaseDelay',
    scheduled: 'hold.release-scheduled',
    cancelled: 'hold.release-cancelled',
  },
  'bulk-freeze': { isOfMany: true },
  'bulk-undo': { isOfMany: true },
};

/** When what is agreed to now is done. */
export function effectiveAt(policy: Policy, kind: ApprovalKind, now: Date): Date {
  const facts = kinds[kind];
  return facts.isOfMany ? now : plus(now, policy[facts.delay]);
}

/** Where one person works alone: time stands in for the second one's yes, and the delay comes after it. */
export function soloEffectiveAt(policy: Policy, kind: ApprovalKind, now: Date): Date | undefined {
  if (policy['approvals.solo'] !== 'true') return undefined;
  return effectiveAt(policy, kind, plus(now, policy['approvals.soloDelay']));
}
