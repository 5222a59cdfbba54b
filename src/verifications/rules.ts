import { DAY, plus } from '../time.ts';
import type { Window } from '../windows/rules.ts';

export type VerificationKind =
  | 'old-address-code'
  | 'phone-code'
  | 'older-factor'
  | 'document'
  | 'video'
  | 'known-transactions';
type Channel = 'mailbox' | 'phone' | 'knowledge' | 'independent';

/**
 * The one table: what each proof weighs, and what somebody must hold to give it. A phone weighs little (SIM swaps, NIST
 * 800-63B-4 3.2.9), and what is known of transactions counts only beside others: whoever is in the account knows it too.
 */
// biome-ignore format: a table reads as one
const proofs: Record<VerificationKind, { weight: number; channel: Channel }> = {
  'video':              { weight: 3, channel: 'independent' },
  'older-factor':       { weight: 3, channel: 'independent' },
  'document':           { weight: 2, channel: 'independent' },
  'old-address-code':   { weight: 2, channel: 'mailbox' },
  'phone-code':         { weight: 1, channel: 'phone' },
  'known-transactions': { weight: 1, channel: 'knowledge' },
};
export const verificationKinds = Object.keys(proofs) as [VerificationKind, ...VerificationKind[]];

const NEEDED = 4;

type Level = 'none' | 'partial' | 'verified';
export type Reached = {
  level: Level;
  weight: number;
  needed: number;
  /** Whether one of the proofs needs neither mailbox nor phone: without it nobody is verified. */
  hasIndependent: boolean;
};

/** How far these proofs reach. The same kind twice weighs once; knowledge alone weighs nothing (ASVS 6.4.2, 6.4.4). */
export function reach(kinds: readonly VerificationKind[]): Reached {
  const given = [...new Set(kinds)].map((kind) => proofs[kind]);
  const isKnowledgeAlone = given.every(({ channel }) => channel === 'knowledge');
  const weight = isKnowledgeAlone ? 0 : given.reduce((sum, proof) => sum + proof.weight, 0);
  const hasIndependent = given.some(({ channel }) => channel === 'independent');
  const isVerified = weight >= NEEDED && hasIndependent;
  const level = isVerified ? 'verified' : weight > 0 ? 'partial' : 'none';
  return { level, weight, needed: NEEDED, hasIndependent };
}

const DOUBTED = 7 * DAY;

/** Until an agent says when it began: a week before anybody noticed. */
export function doubtedSince(caseOpenedAt: Date): Window {
  return { from: plus(caseOpenedAt, -DOUBTED) };
}
