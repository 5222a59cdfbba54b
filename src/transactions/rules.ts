import type { Action } from '../holds/rules.ts';

export type TransactionKind = 'payment' | 'withdrawal' | 'deposit' | 'refund';

/** What the gate is asked; money coming in asks nothing, a frozen owner may still be paid back. */
export function gateAction(kind: TransactionKind): Action | undefined {
  return kind === 'payment' || kind === 'withdrawal' ? kind : undefined;
}

const currencies = new Set(Intl.supportedValuesOf('currency'));

type AmountFault = 'unknown-currency' | 'too-precise' | 'not-positive';

/** Amount and currency judged together (ASVS 2.2.3): no more decimals than the currency has. */
function findAmountFault(amount: string, currency: string): AmountFault | undefined {
  if (!currencies.has(currency)) return 'unknown-currency';
  const decimals = amount.split('.')[1]?.length ?? 0;
  if (decimals > decimalsOf(currency)) return 'too-precise';
  return /[1-9]/.test(amount) ? undefined : 'not-positive';
}

/** One spelling for each amount without a fault: "012.5" euros are "12.50", yen have no decimals. */
export function canonicalAmount(amount: string, currency: string): string {
  const [whole = '', decimals = ''] = amount.split('.');
  const digits = decimalsOf(currency);
  return `${whole.replace(/^0+(?=\d)/, '')}${digits === 0 ? '' : `.${decimals.padEnd(digits, '0')}`}`;
}

function decimalsOf(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

const faults = {
  'unknown-currency': { pointer: '/currency', detail: 'must be an ISO 4217 code' },
  'too-precise': { pointer: '/amount', detail: 'has more decimals than the currency' },
  'not-positive': { pointer: '/amount', detail: 'must be more than zero' },
};

/** The fault as a request is told of it. */
export function amountErrors(amount: string, currency: string): { pointer: string; detail: string }[] {
  const fault = findAmountFault(amount, currency);
  return fault ? [faults[fault]] : [];
}

const REPORTABLE_MONTHS = 13;

/** Until when a payment can be reported as not one's own (PSD2 71(1)): thirteen months after it, at the latest. */
export function reportableUntil(occurredAt: Date): Date {
  const until = new Date(occurredAt);
  until.setUTCMonth(until.getUTCMonth() + REPORTABLE_MONTHS);
  // A month that is too short for the day: its last day.
  if (until.getUTCDate() !== occurredAt.getUTCDate()) until.setUTCDate(0);
  return until;
}

export function isReportable(occurredAt: Date, now: Date): boolean {
  return now <= reportableUntil(occurredAt);
}

type Standing = { marked_mine: boolean | null; marked_by: 'owner' | 'agent' | null };

/** Whoever says that it is not theirs is always heard. That it is theirs after all takes proof, and not against an agent. */
export function isMarkable({ marked_mine, marked_by }: Standing, next: { mine: boolean; isProven: boolean }): boolean {
  if (!next.mine || marked_mine === null) return true;
  return next.isProven && marked_by !== 'agent';
}
