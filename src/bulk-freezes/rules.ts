import { DAY } from '../time.ts';

/** What accounts have in common. Where several are given, an account must fit each. */
export type Filter = {
  /** A device by which they signed in or paid. */
  deviceId?: string | undefined;
  /** An address, or a network in CIDR form. */
  ip?: string | undefined;
  payeeId?: string | undefined;
  /** Whose account, and whoever shares an address, a device or a payee with it. */
  caseId?: string | undefined;
};

/** What is shared is looked for no longer back than this. */
export const LOOK_BACK = 90 * DAY;
export const MOST = 100_000;
/** More at once need a second person. */
export const ALONE = 50;

export const isFilterEmpty = (filter: Filter) => Object.values(filter).every((value) => value === undefined);

/** Why many are frozen: what only their owners or a policy would say is none of these. */
export const bulkReasons = [
  'account-takeover',
  'suspected-fraud',
  'unauthorised-transaction',
  'scam',
  'lost-device',
  'review',
  'other',
] as const;
