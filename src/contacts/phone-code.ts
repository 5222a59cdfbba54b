import { timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '../crypto/keys.ts';

/**
 * Six digits for one change of number (ASVS 6.6.2). They are derived, not drawn: a text sent again after a crash has the
 * same code, and it stands in no table, queue or log.
 */
export function phoneCode(keys: KeyRing, changeId: string): string {
  const number = keys.hash('phone-code', changeId).readUIntBE(0, 6) % 1_000_000;
  return String(number).padStart(6, '0');
}

export function isPhoneCode(keys: KeyRing, changeId: string, typed: string): boolean {
  const right = Buffer.from(phoneCode(keys, changeId));
  const given = Buffer.from(typed);
  return given.length === right.length && timingSafeEqual(given, right);
}
