import type { EventType } from '../events/catalogue.ts';
import { addressBlock } from '../lockout/address-block.ts';
import { DAY } from '../time.ts';

/** An event as the rules see it. */
export type Seen = {
  id: string;
  type: string;
  at: Date;
  deviceId: string | null;
  ip: string | null;
  detail: Record<string, unknown>;
};

export const ruleIds = [
  'codes-after-password',
  'many-lockouts',
  'new-device-then-change',
  'refresh-reused',
  'stolen-session',
  'grant-altered',
  'marked-hostile',
] as const;
export type RuleId = (typeof ruleIds)[number];

export type Rule = {
  id: RuleId;
  /** For agents; the owner is told none of it, for they may be the thief. */
  reason: string;
  /** What sets it off. */
  on: readonly EventType[];
  /** What came before that it goes by: of the same account, at most a day old. */
  past: readonly EventType[];
  /** Whether it says nothing at all where this did not come before. */
  needs?: EventType;
  /**
   * Whether it freezes by itself, until an agent says yes or no. Only one does: a copied session and a stranger who knows
   * how to sign in, in two places at once, is somebody else inside, and each minute costs. The others have honest
   * explanations (a lost phone, a host's mistake, a typing error), or what they saw was refused already. On an account that
   * is watched after a takeover every rule freezes: honest explanations are rarer there, and the thief knows the way.
   */
  freezes: boolean;
  /**
   * The events that make the case, the newest last; undefined where there is none. `past` is newest first. On a watched
   * account half as much is enough.
   */
  evidence(event: Seen, past: readonly Seen[], isWatched: boolean): readonly Seen[] | undefined;
};

const WRONG_CODES = 6;
const LOCKOUTS = 3;

const enough = (count: number, isWatched: boolean) => (isWatched ? Math.ceil(count / 2) : count);

const contact: readonly EventType[] = [
  'email.change-requested',
  'email.changed',
  'phone.change-requested',
  'phone.changed',
  'username.changed',
  'notice-address.added',
  'notice-address.removed',
];
const factor: readonly EventType[] = [
  'totp.confirmed',
  'totp.replaced',
  'totp.removed',
  'passkey.added',
  'passkey.removed',
  'sms.confirmed',
  'sms.removed',
  'recovery-codes.issued',
];

/** How far everything that the rules go by may lie back. */
export const WITHIN = DAY;

/** Every cause for which a case opens by itself. */
export const rules: readonly Rule[] = [
  {
    id: 'codes-after-password',
    reason: `The right password was followed by ${WRONG_CODES} wrong codes or more`,
    on: ['second-factor.guessed', 'password.exposed'],
    past: ['second-factor.failed'],
    freezes: false,
    evidence: (event, past, isWatched) =>
      Number(event.detail['failures']) >= enough(WRONG_CODES, isWatched) ? [...past.toReversed(), event] : undefined,
  },
  {
    id: 'many-lockouts',
    reason: `Sign-in or its second step was locked from ${LOCKOUTS} devices or networks or more within a day`,
    on: ['sign-in.locked', 'second-factor.locked'],
    past: ['sign-in.locked', 'second-factor.locked'],
    freezes: false,
    evidence(event, past, isWatched) {
      const origins = new Set(past.map(originOf));
      if (origins.has(originOf(event)) || origins.size + 1 < enough(LOCKOUTS, isWatched)) return undefined;
      return [...past.toReversed(), event];
    },
  },
  {
    id: 'new-device-then-change',
    reason: 'A new device changed a contact, a factor or a payee within a day of its first sign-in',
    on: [...contact, ...factor, 'transaction.decided', 'host.event'],
    past: ['device.added'],
    needs: 'device.added',
    freezes: false,
    evidence(event, past) {
      if (!isChange(event)) return undefined;
      const added = past.find(({ deviceId }) => event.deviceId === null || event.deviceId === deviceId);
      return added && [added, event];
    },
  },
  {
    id: 'refresh-reused',
    reason: 'A refresh token was used a second time: somebody has a copy of the session, which was ended',
    on: ['refresh.reused'],
    past: [],
    freezes: false,
    evidence: (event) => [event],
  },
  {
    id: 'stolen-session',
    reason: 'A copy of a session was used, and within a day a new device signed in from another network',
    on: ['refresh.reused', 'device.added'],
    past: ['refresh.reused', 'device.added'],
    freezes: true,
    evidence(event, past) {
      const other = past.find(({ type, ip }) => type !== event.type && networkOf(ip) !== networkOf(event.ip));
      return other && [other, event];
    },
  },
  {
    id: 'grant-altered',
    reason: 'A confirmation was used for something other than what its owner confirmed; it was refused',
    on: ['grant.altered'],
    past: [],
    freezes: false,
    evidence: (event) => [event],
  },
  {
    id: 'marked-hostile',
    reason: 'The host marked what it saw as hostile',
    on: ['host.event'],
    past: [],
    freezes: false,
    evidence: (event) => (event.detail['hostile'] === true ? [event] : undefined),
  },
];

/** Every type of event that can set a rule off. */
export const triggers: readonly EventType[] = [...new Set(rules.flatMap(({ on }) => on))];

/** Of what is neither contact nor factor only a new payee counts: `isNewPayee` of money, `payee.…` as the host tells. */
function isChange({ type, detail }: Seen): boolean {
  if (type === 'transaction.decided') return detail['isNewPayee'] === true;
  return type !== 'host.event' || String(detail['name']).startsWith('payee.');
}

const originOf = ({ deviceId, ip }: Seen) => deviceId ?? networkOf(ip);
const networkOf = (ip: string | null) => (ip === null ? null : addressBlock(ip));
