import { type Policy, policyKeys } from '../policy.ts';
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
 * The one table: what somebody must hold to give each proof, and which key of the policy weighs it. A phone weighs little
 * (SIM swaps, NIST 800-63B-4 3.2.9), and what is known of transactions counts only beside others: whoever is in the account
 * knows it too.
 */
// biome-ignore format: a table reads as one
const proofs = {
  'video':              { weight: 'verification.video',             channel: 'independent' },
  'older-factor':       { weight: 'verification.olderFactor',       channel: 'independent' },
  'document':           { weight: 'verification.document',          channel: 'independent' },
  'old-address-code':   { weight: 'verification.oldAddressCode',    channel: 'mailbox' },
  'phone-code':         { weight: 'verification.phoneCode',         channel: 'phone' },
  'known-transactions': { weight: 'verification.knownTransactions', channel: 'knowledge' },
} as const satisfies Record<VerificationKind, { weight: keyof Policy; channel: Channel }>;
export const verificationKinds = Object.keys(proofs) as [VerificationKind, ...VerificationKind[]];

/** What a proof weighs now, and how much is asked for. */
export function weigh(policy: Policy, kind: VerificationKind): { weight: number; needed: number } {
  return { weight: policy[proofs[kind].weight], needed: policy['verification.needed'] };
}

type Level = 'none' | 'partial' | 'verified';
export type Reached = {
  level: Level;
  weight: number;
  needed: number;
  /** Whether one of the proofs needs neither mailbox nor phone: without it nobody is verified. */
  hasIndependent: boolean;
};

type Given = { kind: VerificationKind; weight: number; needed: number };

/**
 * How far these proofs reach, each by what it weighed when it was given. The same kind twice weighs once; knowledge alone
 * weighs nothing; one must need neither mailbox nor phone (ASVS 6.4.2, 6.4.4). `asked`: how much, where nothing was given.
 */
export function reach(given: readonly Given[], asked = policyKeys['verification.needed'].default): Reached {
  const once = [...new Map(given.map((proof) => [proof.kind, proof])).values()];
  const channels = once.map(({ kind }) => proofs[kind].channel);
  const isKnowledgeAlone = channels.every((channel) => channel === 'knowledge');
  const weight = isKnowledgeAlone ? 0 : once.reduce((sum, proof) => sum + proof.weight, 0);
  const needed = once.length === 0 ? asked : Math.max(...once.map((proof) => proof.needed));
  const hasIndependent = once.some((proof, place) => channels[place] === 'independent' && proof.weight > 0);
  const isVerified = weight >= needed && hasIndependent;
  const level = isVerified ? 'verified' : weight > 0 ? 'partial' : 'none';
  return { level, weight, needed, hasIndependent };
}

const DOUBTED = 7 * DAY;

/** Until an agent says when it began: a week before anybody noticed. */
export function doubtedSince(caseOpenedAt: Date): Window {
  return { from: plus(caseOpenedAt, -DOUBTED) };
}
