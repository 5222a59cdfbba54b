import type { Candidate } from '../second-factors/check-proof.ts';
import type { Assurance } from '../sessions/issue.ts';

/** How strong an authentication was and what it was made of (RFC 8176): never more than was proven (NIST 800-63B-4 5.1). */
export function assuranceOf(candidate: Candidate | undefined, { hasPassword } = { hasPassword: true }): Assurance {
  const password = hasPassword ? ['pwd'] : [];
  if (!candidate) return { acr: 'aal1', amr: password };
  return { acr: 'aal2', amr: [...password, ...methodsOf(candidate), 'mfa'] };
}

function methodsOf(candidate: Candidate): string[] {
  if (candidate.factor === 'passkey') return candidate.amr;
  return [candidate.factor === 'totp' ? 'otp' : candidate.factor];
}
