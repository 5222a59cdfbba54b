import { isDays, isHolidays, isTime, isZone } from './calendar/written.ts';
import { DAY, HOUR, MINUTE, SECOND } from './time.ts';

/** `psd2`: the default under that profile, where it is another. */
type Range = { default: number; psd2?: number; min: number; max: number; source: string };
type Count = Range & { kind: 'count'; unit: string };
type Duration = Range & { kind: 'duration' };
type Choice = { kind: 'choice'; default: string; psd2?: string; options: readonly string[]; source: string };
/** Words an operator writes: `form` says which. */
type Text = {
  kind: 'text';
  default: string;
  psd2?: string;
  form: string;
  isValid(value: string): boolean;
  source: string;
};
export type PolicyKey = Count | Duration | Choice | Text;

function count(value: number, min: number, max: number, unit: string, source: string): Count {
  return { kind: 'count', default: value, min, max, unit, source };
}

function duration(value: number, min: number, max: number, source: string): Duration {
  return { kind: 'duration', default: value, min, max, source };
}

function choice(options: readonly [string, ...string[]], source: string): Choice {
  return { kind: 'choice', default: options[0], options, source };
}

function text(value: string, form: string, isValid: (value: string) => boolean, source: string): Text {
  return { kind: 'text', default: value, form, isValid, source };
}

function underPsd2<Key extends PolicyKey>(key: Key, value: Key['default']): Key {
  return { ...key, psd2: value };
}

/** Every key an operator can set, with its default and the limits past which the service refuses to start. */
// biome-ignore format: a table reads as one
export const policyKeys = {
  // The defaults of everything below; what is set by itself goes before it.
  'profile': choice(['standard', 'psd2'], 'PSD2 RTS 4'),
  'secondFactor': underPsd2(choice(['optional', 'required'], 'ASVS 6.3.3, PSD2 97(1)(a)'), 'required'),
  'secondFactor.secrecy': underPsd2(choice(['two-step', 'hidden'], 'PSD2 RTS 4(3)(a)'), 'hidden'),
  'passwords.minLength': count(15, 8, 64, 'code points', 'NIST 800-63B-4 3.1.1.2'),
  'passwords.maxLength': count(256, 64, 1024, 'code points', 'NIST 800-63B-4 3.1.1.2, ASVS 6.2.9'),
  'passwords.minLengthWithSecondFactor': count(8, 8, 64, 'code points', 'NIST 800-63B-4 3.1.1.2'),
  'passwords.breachCheck': choice(['off', 'on'], 'ASVS 6.2.12'),
  'passwords.breachRecheck': duration(30 * DAY, DAY, 365 * DAY, 'ASVS 6.2.12'),
  'passwords.argon2id': choice(['m=19456,t=2,p=1', 'm=47104,t=1,p=1', 'm=12288,t=3,p=1'], 'ASVS 11.4.2'),
  'lockout.maxFailures': count(5, 1, 5, 'failures', 'PSD2 RTS 4(3)(b)'),
  'lockout.counters': underPsd2(choice(['per-device', 'shared'], 'PSD2 RTS 4(3)(b)'), 'shared'),
  'lockout.first': duration(15 * MINUTE, MINUTE, DAY, 'device cookies, NIST 800-63B-4 3.2.2'),
  'lockout.growth': count(2, 1, 10, 'times', 'NIST 800-63B-4 3.2.2'),
  'lockout.cap': duration(DAY, 15 * MINUTE, 7 * DAY, 'NIST 800-63B-4 3.2.2'),
  'lockout.disableAt': count(100, 10, 100, 'consecutive failures', 'NIST 800-63B-4 3.2.2'),
  'signIn.beat': count(200, 50, 1000, 'ms', 'ASVS 6.3.8'),
  'stuffing.mode': choice(['live', 'shadow', 'off'], 'ASVS 6.3.1'),
  'limits.signInPerIp': count(30, 1, 10_000_000, 'per minute', 'ASVS 6.3.1'),
  'limits.resetPerIp': count(10, 1, 10_000_000, 'per minute', 'ASVS 2.4.1'),
  'limits.signUpPerIp': count(10, 1, 10_000_000, 'per minute', 'ASVS 2.4.1'),
  'limits.reportPerIp': count(10, 1, 10_000_000, 'per minute', 'ASVS 2.4.1'),
  'limits.anonymousReportsPerAccount': count(5, 1, 100, 'per day, each a mail', 'ASVS 2.4.1'),
  'limits.otherPerIp': count(300, 10, 10_000_000, 'per minute', 'ASVS 2.4.1'),
  'limits.mailPerAccount': count(3, 1, 1000, 'reset mails per hour', 'OWASP forgot password'),
  'limits.mailPerRecipient': count(10, 1, 10_000, 'per 10 minutes', 'OWASP forgot password'),
  'limits.signUpMailPerRecipient': count(3, 1, 10_000, 'per 10 minutes', 'OWASP forgot password'),
  'limits.noticesPerRecipient': count(60, 10, 10_000, 'per hour, the others later', 'OWASP forgot password'),
  'limits.noticesPerAccount': count(240, 10, 10_000, 'per hour, the others later', 'OWASP forgot password'),
  'limits.factorChangesPerAccount': count(10, 1, 10_000, 'per minute', 'ASVS 2.4.1'),
  'limits.grantsPerAccount': count(60, 1, 10_000, 'per minute', 'ASVS 2.4.1'),
  'limits.exportsPerAccount': count(5, 1, 1000, 'per hour', 'ASVS 2.4.1'),
  'limits.contactChangesPerAccount': count(10, 1, 10_000, 'per hour', 'ASVS 2.4.1'),
  'limits.signInCodesPerAccount': count(5, 1, 1000, 'mailed codes per hour', 'ASVS 6.6.3'),
  'limits.unfreezesPerAccount': count(5, 1, 1000, 'mailed codes per hour', 'ASVS 6.6.3'),
  'limits.textsPerRecipient': count(5, 1, 10_000, 'per hour', 'ASVS 6.6.3'),
  'limits.requestsPerKey': count(600_000, 100, 100_000_000, 'per minute and API key', 'ASVS 2.4.1'),
  'limits.requestsPerAgent': count(600, 60, 100_000, 'per minute and agent', 'ASVS 2.4.1'),
  'limits.messagesPerAccount': count(20, 5, 10_000, 'reports and messages per minute', 'ASVS 2.4.1'),
  'limits.marksPerAccount': count(100, 10, 10_000, 'transactions marked per minute', 'ASVS 2.4.1'),
  'limits.streamsPerKey': count(20, 1, 10_000, 'streams of revocations per node', 'ASVS 2.4.1'),
  'signUp.disposable': choice(['allow', 'refuse'], 'field practice'),
  'signUp.ttl': duration(24 * HOUR, HOUR, 24 * HOUR, 'NIST 800-63B-4 4.2.1.2'),
  'reset.ttl': underPsd2(duration(30 * MINUTE, 5 * MINUTE, 24 * HOUR, 'NIST 800-63B-4 4.2.1.2, ASVS 6.5.5'), 10 * MINUTE),
  'reset.attempts': count(5, 1, 10, 'wrong codes', 'ASVS 6.6.3'),
  'verification.needed': count(4, 3, 12, 'weight of all proofs', 'ASVS 6.4.4'),
  'verification.video': count(3, 0, 6, 'weight', 'NIST 800-63A-4 3.4'),
  'verification.olderFactor': count(3, 0, 6, 'weight', 'NIST 800-63B-4 4.2'),
  'verification.document': count(2, 0, 6, 'weight', 'NIST 800-63A-4 3.4'),
  'verification.oldAddressCode': count(2, 0, 2, 'weight', 'NIST 800-63B-4 4.2'),
  'verification.phoneCode': count(1, 0, 1, 'weight', 'NIST 800-63B-4 3.2.9'),
  'verification.knownTransactions': count(1, 0, 1, 'weight', 'ASVS 6.4.2'),
  'recovery.linkTtl': duration(DAY, HOUR, DAY, 'NIST 800-63B-4 4.2.1.2'),
  'recovery.ttl': duration(30 * MINUTE, 10 * MINUTE, HOUR, 'NIST 800-63B-4 4.2'),
  'enrolment.ttl': duration(15 * MINUTE, MINUTE, 30 * MINUTE, 'NIST 800-63B-4 4.1'),
  'risk.mode': choice(['live', 'shadow', 'off'], 'NIST 800-63B-4 3.2.2'),
  'risk.autoFreezePerHour': count(20, 0, 100_000, 'freezes by rules', 'product promise'),
  'rules.perHour': count(100, 1, 1_000_000, 'cases opened by each rule', 'product promise'),
  'rules.codes-after-password': choice(['live', 'shadow', 'off'], 'NIST 800-63B-4 3.2.2'),
  'rules.many-lockouts': choice(['live', 'shadow', 'off'], 'NIST 800-63B-4 3.2.2'),
  'rules.new-device-then-change': choice(['live', 'shadow', 'off'], 'field practice'),
  'rules.refresh-reused': choice(['live', 'shadow', 'off'], 'RFC 9700 4.14.2'),
  'rules.stolen-session': choice(['live', 'shadow', 'off'], 'RFC 9700 4.14.2'),
  'rules.grant-altered': choice(['live', 'shadow', 'off'], 'PSD2 RTS 5'),
  'rules.marked-hostile': choice(['live', 'shadow', 'off'], 'product promise'),
  'challenge.ttl': duration(10 * MINUTE, MINUTE, 10 * MINUTE, 'NIST 800-63B-4 3.1.3.2'),
  'totp.attemptsPerChallenge': count(5, 1, 5, 'wrong codes', 'PSD2 RTS 4(3)(b)'),
  'totp.maxFailures': count(10, 1, 10, 'failures', 'NIST 800-63B-4 3.2.2'),
  'totp.first': duration(15 * MINUTE, MINUTE, DAY, 'NIST 800-63B-4 3.2.2'),
  'totp.disableAt': count(100, 10, 100, 'consecutive failures', 'NIST 800-63B-4 3.2.2'),
  'totp.perAccount': count(5, 1, 5, 'authenticators', 'NIST 800-63B-4 4.1.2.1'),
  'passkeys.perAccount': count(10, 1, 20, 'passkeys', 'WebAuthn Level 3 5.4.3'),
  'grant.ttl': duration(5 * MINUTE, MINUTE, 5 * MINUTE, 'PSD2 RTS 5, OWASP transaction authorisation'),
  'grant.use': duration(2 * MINUTE, 10 * SECOND, 5 * MINUTE, 'PSD2 RTS 5, OWASP transaction authorisation'),
  'grant.attempts': count(5, 1, 5, 'wrong codes', 'PSD2 RTS 4(3)(b)'),
  'transactions.grant': underPsd2(choice(['optional', 'required'], 'PSD2 97(1)(b), 97(2)'), 'required'),
  'keys.rotateEvery': duration(90 * DAY, DAY, 365 * DAY, 'NIST 800-57 5.3.6'),
  'keys.announce': duration(HOUR, 10 * MINUTE, 12 * HOUR, 'RFC 7517, OpenID Connect Core 10.1.1'),
  'keys.overlap': duration(DAY, HOUR, 30 * DAY, 'OpenID Connect Core 10.1.1'),
  'access.ttl': duration(5 * MINUTE, 10 * SECOND, 5 * MINUTE, 'ASVS 7.4.1'),
  'session.idle': duration(HOUR, 5 * MINUTE, HOUR, 'NIST 800-63B-4 2.2.3'),
  'session.absolute': duration(12 * HOUR, 5 * MINUTE, 24 * HOUR, 'NIST 800-63B-4 2.2.3'),
  'session.refreshGrace': duration(5 * SECOND, 0, MINUTE, 'RFC 9700 4.14.2'),
  'session.fresh': duration(15 * MINUTE, MINUTE, HOUR, 'ASVS 7.5.1'),
  'session.sensitiveIdle': underPsd2(duration(HOUR, MINUTE, HOUR, 'PSD2 RTS 4(3)(d)'), 5 * MINUTE),
  'sms.factor': choice(['off', 'on'], 'NIST 800-63B-4 3.2.9, ASVS 6.6.1'),
  'revocations.heartbeat': duration(5 * SECOND, SECOND, 15 * SECOND, 'ASVS 7.4.1'),
  'agents.idle': duration(15 * MINUTE, MINUTE, 15 * MINUTE, 'NIST 800-63B-4 2.3.3'),
  'agents.absolute': duration(12 * HOUR, 5 * MINUTE, 12 * HOUR, 'NIST 800-63B-4 2.3.3'),
  'agents.enrolmentTtl': duration(3 * DAY, HOUR, 7 * DAY, 'ASVS 6.4.1'),
  'agents.enrolmentAttempts': count(5, 1, 5, 'wrong codes', 'ASVS 6.6.3'),
  'devices.perAccount': count(20, 1, 20, 'devices', 'device cookies'),
  'cooldown.afterPasswordOrFactorChange': duration(DAY, HOUR, 30 * DAY, "exchanges' practice"),
  'cooldown.afterRecovery': duration(2 * DAY, DAY, 30 * DAY, "exchanges' practice"),
  'holds.confirmWithin': duration(DAY, HOUR, 3 * DAY, 'product promise'),
  'unfreeze.earliest': duration(2 * HOUR, HOUR, 7 * DAY, "exchanges' practice"),
  'unfreeze.factorAge': duration(7 * DAY, 7 * DAY, 90 * DAY, 'product promise'),
  'unfreeze.delay': duration(DAY, DAY, 14 * DAY, 'product promise'),
  'unfreeze.codeTtl': duration(10 * MINUTE, MINUTE, 10 * MINUTE, 'NIST 800-63B-4 3.1.3.2'),
  'unfreeze.attempts': count(5, 1, 5, 'wrong codes', 'ASVS 6.6.3'),
  'approvals.solo': choice(['false', 'true'], 'ASVS 2.3.5'),
  'approvals.soloDelay': duration(2 * DAY, 2 * DAY, 14 * DAY, 'ASVS 2.3.5'),
  'approvals.minApproverAge': duration(7 * DAY, 0, 90 * DAY, 'ASVS 2.3.5'),
  'approvals.ttl': duration(3 * DAY, HOUR, 14 * DAY, 'ASVS 2.3.5'),
  'approvals.releaseDelay': duration(0, 0, 14 * DAY, 'ASVS 2.3.5'),
  'approvals.secondFactorResetDelay': duration(3 * DAY, DAY, 14 * DAY, 'ASVS 6.4.4'),
  'contacts.undoWindow': duration(7 * DAY, DAY, 30 * DAY, 'field practice'),
  'contacts.confirmTtl': duration(HOUR, 10 * MINUTE, DAY, 'NIST 800-63B-4 4.2.1.2'),
  'contacts.phoneCodeTtl': duration(10 * MINUTE, MINUTE, 10 * MINUTE, 'NIST 800-63B-4 4.2.1.2'),
  'contacts.phoneCodeAttempts': count(5, 1, 5, 'wrong codes', 'ASVS 6.6.3'),
  'contacts.noticeAddresses': count(5, 2, 10, 'per account', 'product promise'),
  'watch.length': duration(28 * DAY, 28 * DAY, 90 * DAY, 'product promise'),
  'freezeLink.ttl': duration(14 * DAY, DAY, 30 * DAY, 'field practice'),
  'caseAccess.ttl': duration(15 * MINUTE, MINUTE, 15 * MINUTE, 'ASVS 7.4.1'),
  'sla.urgent': duration(HOUR, 5 * MINUTE, DAY, 'product promise'),
  'sla.other': duration(DAY, HOUR, 7 * DAY, 'product promise'),
  'sla.lockedOut': duration(2 * DAY, HOUR, 7 * DAY, 'product promise'),
  'sla.complaint': duration(3 * DAY, HOUR, 15 * DAY, 'product promise, PSD2 101(2)'),
  'sla.appeal': duration(3 * DAY, HOUR, 15 * DAY, 'product promise'),
  'sla.refundDays': count(1, 0, 1, 'business days', 'PSD2 73(1)'),
  'cases.highFrom': count(1000, 1, 1_000_000_000, 'units of money at risk', 'product promise'),
  'cases.urgentFrom': count(10_000, 1, 1_000_000_000, 'units of money at risk', 'product promise'),
  'hours.zone': text('UTC', 'an IANA time zone', isZone, 'PSD2 4(37)'),
  'hours.days': text('mon tue wed thu fri sat sun', 'days of the week', isDays, 'PSD2 4(37)'),
  'hours.open': text('00:00', 'a time of the day', isTime, 'PSD2 4(37)'),
  'hours.close': text('24:00', 'a later time of the day', isTime, 'PSD2 4(37)'),
  'hours.holidays': text('', 'days such as 2026-05-25, or 12-25 for every year', isHolidays, 'PSD2 4(37)'),
  'erasure.keepReceipts': duration(548 * DAY, 548 * DAY, 3650 * DAY, 'PSD2 70(1)(c): 18 months'),
  'erasure.keepTransactions': duration(1827 * DAY, 396 * DAY, 3653 * DAY, 'Directive 2015/849 40(1): 5 years; PSD2 71: 13 months'),
} as const satisfies Record<string, PolicyKey>;

type Keys = typeof policyKeys;

/** The policy in force: counts as numbers, durations in milliseconds, choices as their text. */
export type Policy = { readonly [name in keyof Keys]: Keys[name] extends Choice | Text ? string : number };
