import type { Policy } from '../policy.ts';
import { plus } from '../time.ts';

export type CaseKind =
  | 'takeover'
  | 'suspicious-activity'
  | 'unauthorised-transaction'
  | 'scam'
  | 'locked-out'
  | 'complaint';
export type Priority = 'urgent' | 'high' | 'normal' | 'low';

/** How urgent a case of this kind is before anything else is known. */
// biome-ignore format: a table reads as one
export const priorities: Record<CaseKind, Priority> = {
  'takeover':                 'urgent',
  'unauthorised-transaction': 'high',
  'scam':                     'high',
  'suspicious-activity':      'high',
  'locked-out':               'normal',
  'complaint':                'normal',
};

/** By when the first answer is promised: urgent cases day and night. */
export function respondBy(policy: Policy, priority: Priority, openedAt: Date): Date {
  return plus(openedAt, priority === 'urgent' ? policy['sla.urgent'] : policy['sla.other']);
}

const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

/** What people say on the phone: eight characters without look-alikes. Not a secret, only unguessable enough to be unique. */
export function caseReference(random: Uint8Array): string {
  const characters = Array.from(random.subarray(0, 8), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return `HF-${characters.slice(0, 4)}-${characters.slice(4)}`;
}
