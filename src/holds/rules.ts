import type { Policy } from '../policy.ts';

export type Scope = 'all' | 'sign-in' | 'payments' | 'withdrawals' | 'security-changes';
export type Source = 'owner' | 'agent' | 'rule' | 'policy' | 'legal';

/** Everything that somebody may want to do on an account. A path that issues or redeems names one of these. */
const actions = [
  'sign-in',
  'enrol',
  'refresh',
  'use-session',
  'reset-password',
  'security-change',
  'payment',
  'withdrawal',
  'recover',
  'case-access',
] as const;
export type Action = (typeof actions)[number];

/**
 * What each scope stops. Money going out in any form is a payment; a security change by mail is one too; to bind the factor
 * that a sign-in must have is both a sign-in and a security change.
 */
// biome-ignore format: a table reads as one
const stops: Record<Scope, readonly Action[]> = {
  'all':              ['sign-in', 'enrol', 'refresh', 'use-session', 'reset-password', 'security-change', 'payment', 'withdrawal'],
  'sign-in':          ['sign-in', 'enrol', 'refresh', 'reset-password'],
  'payments':         ['payment', 'withdrawal'],
  'withdrawals':      ['withdrawal'],
  'security-changes': ['enrol', 'security-change', 'reset-password'],
};

type Standing = { scope: Scope; source: Source };

/** Whether this one hold stops this action. A legal hold on everything leaves the owner their case and nothing else. */
export function isStopping(hold: Standing, action: Action): boolean {
  if (hold.scope === 'all' && hold.source === 'legal') return action !== 'case-access';
  return stops[hold.scope].includes(action);
}

/** The holds that stop this action; none means that it may go ahead. */
export function stopping<Hold extends Standing>(holds: readonly Hold[], action: Action): Hold[] {
  return holds.filter((hold) => isStopping(hold, action));
}

/** The scopes that stop this action. A hold outside them can stop it too only where its source says so. */
export function scopesStopping(action: Action): Scope[] {
  return (Object.keys(stops) as Scope[]).filter((scope) => stops[scope].includes(action));
}

/** Whether this hold keeps the owner out altogether: then sessions, devices and half-done sign-ins end with it. */
export function isFreeze(hold: { scope: Scope }): boolean {
  return hold.scope === 'all';
}

type Ending = { scope: Scope; until: Date | null; confirm_by: Date | null; confirmed_at: Date | null };

/** Whether this hold keeps the owner out until somebody lifts it: neither time nor a missing yes ends it. */
export function isLastingFreeze(hold: Ending): boolean {
  return isFreeze(hold) && hold.until === null && (hold.confirm_by === null || hold.confirmed_at !== null);
}

export type CoolDownReason = 'credential-change' | 'recovery';

/** How long money waits after a change, and longer after a recovery by an agent. */
export function coolDown(policy: Policy, reasonCode: CoolDownReason): { scope: Scope; length: number } {
  const lengths: Record<CoolDownReason, number> = {
    'credential-change': policy['cooldown.afterPasswordOrFactorChange'],
    recovery: policy['cooldown.afterRecovery'],
  };
  return { scope: 'withdrawals', length: lengths[reasonCode] };
}
