import { timingSafeEqual } from 'node:crypto';
import type { KeyRing } from './keys.ts';

/**
 * Six digits for one purpose and one subject (ASVS 6.6.2). They are derived, not drawn: what is sent again after a crash
 * has the same code, and it stands in no table, queue or log.
 */
export function derivedCode(keys: KeyRing, label: string, subject: string): string {
  const number = keys.hash(label, subject).readUIntBE(0, 6) % 1_000_000;
  return String(number).padStart(6, '0');
}

/** In constant time. */
export function isDerivedCode(keys: KeyRing, label: string, subject: string, typed: string): boolean {
  const right = Buffer.from(derivedCode(keys, label, subject));
  const given = Buffer.from(typed);
  return given.length === right.length && timingSafeEqual(given, right);
}
