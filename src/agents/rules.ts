import { type Limit, passwordLimit } from '../lockout/rules.ts';
import type { Policy } from '../policy.ts';

export const roles = ['auditor', 'agent', 'lead', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What a route asks of an agent: `read` is for all, the rest is for this role and those above it. */
export type Power = 'read' | 'agent' | 'lead' | 'admin';

const ranks: Record<Role, number> = { auditor: 0, agent: 1, lead: 2, admin: 3 };
const needed: Record<Power, number> = { read: 0, agent: 1, lead: 2, admin: 3 };

/** Each role includes the one before; an auditor only reads. */
export function hasPower(role: Role, power: Power): boolean {
  return ranks[role] >= needed[power];
}

const TRIES_FROM_ANYWHERE = 30;

/** Guesses per e-mail: few from one address, so that a stranger elsewhere locks nobody out, and a lock for all past many. */
export function agentLimits(policy: Policy): { fromOneAddress: Limit; fromAnywhere: Limit } {
  const fromOneAddress = passwordLimit(policy);
  return { fromOneAddress, fromAnywhere: { ...fromOneAddress, maxFailures: TRIES_FROM_ANYWHERE } };
}
