import type { Prover } from './check-proof.ts';
import type { FactorKind } from './enrolled.ts';

type Purpose = Prover['purpose'];

/**
 * What each factor may prove. A texted code opens a sign-in and nothing else: it is a restricted authenticator
 * (NIST 800-63B-4 3.2.9). Money takes something that an owner holds now, not a printed code.
 */
const proves: Record<FactorKind, readonly Purpose[]> = {
  totp: ['sign-in', 'reset', 'change', 'grant'],
  passkey: ['sign-in', 'reset', 'change', 'grant'],
  'recovery-code': ['sign-in', 'reset', 'change'],
  sms: ['sign-in'],
};

export function mayProve(factor: FactorKind, purpose: Purpose): boolean {
  return proves[factor].includes(purpose);
}

/** Those of an account's factors that may answer for this. */
export function factorsFor(purpose: Purpose, factors: readonly FactorKind[]): FactorKind[] {
  return factors.filter((factor) => mayProve(factor, purpose));
}
