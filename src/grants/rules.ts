import type { FactorKind } from '../second-factors/enrolled.ts';
import { mayProve } from '../second-factors/purposes.ts';

export type GrantAction = 'payment' | 'withdrawal' | 'security-change';
export type Payee = { id: string; name?: string | undefined };

/** What was confirmed, or is to be. */
type Stored = {
  action: GrantAction;
  account_id: string;
  session_id: string;
  amount: string | null;
  currency: string | null;
  payee_id: string | null;
  payee_name: string | null;
};

/** How far a grant has come. */
type Course = {
  attempts: number;
  confirmed_at: Date | null;
  used_at: Date | null;
  voided_at: Date | null;
  expires_at: Date;
  is_session_live: boolean;
};

/** What is to happen, as whoever redeems a grant says it. */
export type Deed = {
  action: string;
  accountId: string;
  sessionId?: string | undefined;
  /** As `canonicalAmount` writes it. */
  amount?: string | undefined;
  currency?: string | undefined;
  payee?: Payee | undefined;
};

const differing = ['action', 'account', 'session', 'amount', 'currency', 'payee-id', 'payee-name'] as const;
type Difference = (typeof differing)[number];

/**
 * In what the deed is not what was confirmed (PSD2 RTS 5(1)(c) and (d)). A session and a payee's name can differ only where
 * both sides name one.
 */
export function findDifferences(grant: Stored, deed: Deed): Difference[] {
  const name = deed.payee?.name;
  const pairs: Record<Difference, boolean> = {
    action: grant.action === deed.action,
    account: grant.account_id === deed.accountId.toLowerCase(),
    session: deed.sessionId === undefined || grant.session_id === deed.sessionId.toLowerCase(),
    amount: grant.amount === (deed.amount ?? null),
    currency: grant.currency === (deed.currency ?? null),
    'payee-id': grant.payee_id === (deed.payee?.id ?? null),
    'payee-name': grant.payee_name === null || name === undefined || grant.payee_name === name,
  };
  return differing.filter((name) => !pairs[name]);
}

/** Why a grant gives nothing, in the words of a decision's reasons. */
export type Refusal = 'unknown' | 'expired' | 'used' | 'void' | 'altered';

/** Undefined for one that is confirmed, unused and in time, and whose session lives. */
export function refusalOf(grant: Course, now: Date): Exclude<Refusal, 'unknown' | 'altered'> | undefined {
  if (grant.used_at) return 'used';
  if (grant.voided_at || !grant.is_session_live) return 'void';
  return grant.expires_at <= now ? 'expired' : undefined;
}

type GrantStatus = 'requested' | 'confirmed' | 'used' | 'expired' | 'void';

/** Where a grant stands; one whose tries are used up is void (OWASP transaction authorisation: start over). */
export function statusOf(grant: Course, mostAttempts: number, now: Date): GrantStatus {
  const refusal = refusalOf(grant, now);
  if (refusal) return refusal;
  if (grant.confirmed_at) return 'confirmed';
  return grant.attempts >= mostAttempts ? 'void' : 'requested';
}

export type Approving = 'totp' | 'passkey';

/** Recovery codes let their owner back in, and texts can be diverted: neither may move money. */
export function isApproving(factor: FactorKind): factor is Approving {
  return mayProve(factor, 'grant');
}

export function approvingFactors(factors: readonly FactorKind[]): Approving[] {
  return factors.filter(isApproving);
}

/** Nothing that a page cannot show as it is: no line break, nothing that turns the line around. */
export function isShowable(text: string): boolean {
  return !/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text) && text.trim() !== '';
}
