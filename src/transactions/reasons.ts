import type { Refusal } from '../grants/rules.ts';
import type { Hold } from '../holds/gate.ts';

/** Why a decision is what it is, for the host and for agents. */
export type Reason = { rule: string; text: string };

export function holdReason(hold: Hold): Reason {
  return {
    rule: `hold:${hold.reason_code}`,
    text: `A hold on ${hold.scope} stands since ${hold.since.toISOString()}`,
  };
}

/** The payee came into the account with somebody else, as an agent found. */
export const quarantineReason: Reason = {
  rule: 'payee:quarantined',
  text: 'The payee was first paid while somebody else may have been in the account: nothing more goes to them',
};

const texts: Record<Refusal | 'missing' | 'watched', string> = {
  missing: 'The payer has not confirmed this: it needs a grant',
  watched: 'The account is watched after a takeover: until that is over it needs a grant',
  unknown: 'There is no such grant',
  expired: 'The grant was not used in time',
  used: 'The grant was used already',
  void: 'The grant is void: it was cancelled, or its session has ended',
  altered: 'The payer confirmed something else: the grant is void and they were told',
};

export function grantReason(refusal: Refusal | 'missing' | 'watched'): Reason {
  return { rule: `grant:${refusal}`, text: texts[refusal] };
}
