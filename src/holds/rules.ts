import type { Policy } from '../policy.ts';

export type Scope = 'all' | 'sign-in' | 'payments' | 'withdrawals' | 'security-changes';
export type Source = 'owner' | 'agent' | 'rule' | 'policy' | 'legal';

/** Everything that somebody may want to do on an account. A path that issues or redeems names one of these. */
const actions = [
  'sign-in',
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

/** What each scope stops. Money going out in any form is a payment; a security change by mail is one too. */
// biome-ignore format: a table reads as one
const stops: Record<Scope, readonly Action[]> = {
  'all':              ['sign-in', 'refresh', 'use-session', 'reset-password', 'security-change', 'payment', 'withdrawal'],
  'sign-in':          ['sign-in', 'refresh', 'reset-password'],
  'payments':         ['payment', 'withdrawal'],
  'withdrawals':      ['withdrawal'],
  'security-changes': ['security-change', 'reset-password'],
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

export function coolDown(policy: Policy): { scope: Scope; reasonCode: 'credential-change'; length: number } {
  return {
    scope: 'withdrawals',
    reasonCode: 'credential-change',
    length: policy['cooldown.afterPasswordOrFactorChange'],
  };
}
