import type { Action } from '../holds/rules.ts';

export type TransactionKind = 'payment' | 'withdrawal' | 'deposit' | 'refund';

/** What the gate is asked; money coming in asks nothing, a frozen owner may still be paid back. */
export function gateAction(kind: TransactionKind): Action | undefined {
  return kind === 'payment' || kind === 'withdrawal' ? kind : undefined;
}

const currencies = new Set(Intl.supportedValuesOf('currency'));

type AmountFault = 'unknown-currency' | 'too-precise' | 'not-positive';

/** Amount and currency judged together (ASVS 2.2.3): no more decimals than the currency has. */
export function findAmountFault(amount: string, currency: string): AmountFault | undefined {
  if (!currencies.has(currency)) return 'unknown-currency';
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  const decimals = amount.split('.')[1]?.length ?? 0;
  if (decimals > maximumFractionDigits) return 'too-precise';
  return /[1-9]/.test(amount) ? undefined : 'not-positive';
}
