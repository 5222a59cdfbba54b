import type { Policy } from '../policy.ts';

/** The one form in which a password is checked and hashed: NFC, nothing trimmed, folded or cut (NIST 800-63B-4 3.1.1.2). */
export function normalisePassword(password: string): string {
  return password.normalize('NFC');
}

/** In code points: neither bytes nor UTF-16 units. */
export function lengthOf(password: string): number {
  return [...password].length;
}

/** The fewest code points: more where the password may be all there is (NIST 800-63B-4 3.1.1.2). */
export function minLength(policy: Policy, hasSecondFactor: boolean): number {
  const alone = policy['passwords.minLength'];
  const isBeside = hasSecondFactor || policy['secondFactor'] === 'required';
  return isBeside ? Math.min(alone, policy['passwords.minLengthWithSecondFactor']) : alone;
}

/** Whether it is too short to stand alone: good only as long as a second factor is asked for beside it, or required. */
export function isShort(password: string, policy: Policy): boolean {
  return lengthOf(password) < policy['passwords.minLength'];
}
