import { type Limit, passwordLimit } from '../lockout/rules.ts';
import type { Policy } from '../policy.ts';
import { DAY, plus } from '../time.ts';

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

/** By what one agent owes their access to another. */
type Favour = 'made' | 'unlocked' | 're-enrolled';
type LetIn = { favour: Favour; by: string; at: Date };
export type Colleague = { id: string; role: Role; createdAt: Date; letIn: readonly LetIn[] };
export type Objection = 'too-new' | `${Favour}-by-requester` | `${Favour}-requester`;

const FAVOUR_COUNTS_FOR = 30 * DAY;

/**
 * What speaks against these two being two people (ASVS 2.3.5): an agent made in a hurry, or one of them made, unlocked or
 * re-enrolled by the other lately. Undefined where nothing does.
 */
export function objectionTo(
  approver: Colleague,
  requester: Colleague,
  minAge: number,
  now: Date,
): Objection | undefined {
  if (plus(approver.createdAt, minAge) > now) return 'too-new';
  const owed = findFavour(approver, requester, now);
  if (owed) return `${owed}-by-requester`;
  const done = findFavour(requester, approver, now);
  return done && `${done}-requester`;
}

function findFavour(to: Colleague, from: Colleague, now: Date): Favour | undefined {
  return to.letIn.find(({ by, at }) => by === from.id && plus(at, FAVOUR_COUNTS_FOR) > now)?.favour;
}

const TRIES_FROM_ANYWHERE = 30;

/** Guesses per e-mail: few from one address, so that a stranger elsewhere locks nobody out, and a lock for all past many. */
export function agentLimits(policy: Policy): { fromOneAddress: Limit; fromAnywhere: Limit } {
  const fromOneAddress = passwordLimit(policy);
  return { fromOneAddress, fromAnywhere: { ...fromOneAddress, maxFailures: TRIES_FROM_ANYWHERE } };
}
