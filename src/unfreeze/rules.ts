import { plus } from '../time.ts';

type ProofKind = 'totp' | 'recovery-code' | 'passkey' | 'password';
/** What was shown, and since when the account has it. */
export type Proof = { kind: ProofKind; bornAt: Date };

type Background = {
  /** When somebody else may have come into the account. */
  since: Date;
  /** How old a factor must be. */
  factorAge: number;
  /** Whether two agents know who the owner is and since when: then a factor's age in days says no more. */
  isVerified: boolean;
};

/**
 * Whether what was shown is the owner's: older than the compromise, and a factor as old as one must be. What a thief bound
 * or set while they were inside lifts nothing.
 */
export function isOldEnough({ kind, bornAt }: Proof, { since, factorAge, isVerified }: Background, now: Date): boolean {
  if (bornAt >= since) return false;
  return kind === 'password' || isVerified || plus(bornAt, factorAge) <= now;
}

type Held = { source: string; since: Date };

/** The holds that their owner placed. */
export function ownOf<Hold extends Held>(holds: readonly Hold[]): Hold[] {
  return holds.filter(({ source }) => source === 'owner');
}

/** When the first of the owner's holds can be lifted; they are lifted together with those of its age. */
export function earliestOf(own: readonly Held[], earliest: number): Date {
  return new Date(Math.min(...own.map(({ since }) => plus(since, earliest).getTime())));
}
