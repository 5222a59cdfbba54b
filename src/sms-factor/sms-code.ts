import { derivedCode, isDerivedCode } from '../crypto/derived-code.ts';
import type { KeyRing } from '../crypto/keys.ts';

const LABEL = 'sms-code';

/** The six digits of one code that was asked for, by its row's id. */
export function smsCode(keys: KeyRing, codeId: string): string {
  return derivedCode(keys, LABEL, codeId);
}

export function isSmsCode(keys: KeyRing, codeId: string, typed: string): boolean {
  return isDerivedCode(keys, LABEL, codeId, typed);
}
