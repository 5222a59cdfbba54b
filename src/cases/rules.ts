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

const order: readonly Priority[] = ['urgent', 'high', 'normal', 'low'];

export function isMoreUrgent(one: Priority, other: Priority): boolean {
  return order.indexOf(one) < order.indexOf(other);
}

/** One step up, for a promise that was not kept. */
export function nextUp(priority: Priority): Priority {
  return order[Math.max(0, order.indexOf(priority) - 1)] ?? 'urgent';
}

/** How urgent money makes a case; undefined where it is too little to matter. */
export function priorityOfMoney(atRisk: number, from: { high: number; urgent: number }): Priority | undefined {
  if (atRisk >= from.urgent) return 'urgent';
  return atRisk >= from.high ? 'high' : undefined;
}

const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

/** What people say on the phone: eight characters without look-alikes. Not a secret, only unguessable enough to be unique. */
export function caseReference(random: Uint8Array): string {
  const characters = Array.from(random.subarray(0, 8), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return `HF-${characters.slice(0, 4)}-${characters.slice(4)}`;
}
