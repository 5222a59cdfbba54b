import { derivedCode, isDerivedCode } from '../crypto/derived-code.ts';
import type { KeyRing } from '../crypto/keys.ts';

const LABEL = 'unfreeze-code';

/** The code that is mailed for one wish: again and again the same, and gone with it. */
export function unfreezeCode(keys: KeyRing, unfreezeId: string): string {
  return derivedCode(keys, LABEL, unfreezeId);
}

export function isUnfreezeCode(keys: KeyRing, unfreezeId: string, typed: string): boolean {
  return isDerivedCode(keys, LABEL, unfreezeId, typed.trim());
}
