import { maskEmail, maskPhone } from '../accounts/accounts.ts';
import type { Kind } from './queries.ts';

/** A contact as an event and a mail may show it: enough to know it again. A username is no secret. */
export function maskContact(kind: Kind, value: string | null): string | null {
  if (value === null || kind === 'username') return value;
  return kind === 'email' ? maskEmail(value) : maskPhone(value);
}
