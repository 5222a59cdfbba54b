import { derivedCode, isDerivedCode } from '../crypto/derived-code.ts';
import type { KeyRing } from '../crypto/keys.ts';

const LABEL = 'phone-code';

/** The code that is texted for one change of number. */
export function phoneCode(keys: KeyRing, changeId: string): string {
  return derivedCode(keys, LABEL, changeId);
}

export function isPhoneCode(keys: KeyRing, changeId: string, typed: string): boolean {
  return isDerivedCode(keys, LABEL, changeId, typed);
}
