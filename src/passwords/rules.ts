import type { Policy } from '../policy.ts';

type Weakness = 'too-short' | 'too-long' | 'common' | 'contextual';

/** Words of this account and service that make a password easy to guess. */
export type Words = {
  email: string;
  username?: string | null | undefined;
  phone?: string | null | undefined;
  service: string;
};

/** The one form in which a password is checked and hashed: NFC, nothing trimmed, folded or cut (NIST 800-63B-4 3.1.1.2). */
export function normalisePassword(password: string): string {
  return password.normalize('NFC');
}

/** Why this password is refused, or undefined. Length counts code points; there are no composition rules. */
export function findWeakness(
  password: string,
  words: Words,
  policy: Policy,
  isCommon: (password: string) => boolean,
): Weakness | undefined {
  const length = [...password].length;
  if (length < policy['passwords.minLength']) return 'too-short';
  if (length > policy['passwords.maxLength']) return 'too-long';
  const folded = password.toLowerCase();
  if (isCommon(folded) || isRepetitive(folded)) return 'common';
  return contextWords(words).some((word) => isMadeOf(folded, word)) ? 'contextual' : undefined;
}

/** One short run again and again: `aaaaaaaaaaaaaaa`, `abcabcabcabcabc`, `123456123456123`. */
function isRepetitive(password: string): boolean {
  return [1, 2, 3, 4, 5, 6].some(
    (size) =>
      password ===
      password
        .slice(0, size)
        .repeat(Math.ceil(password.length / size))
        .slice(0, password.length),
  );
}

function contextWords({ email, username, phone, service }: Words): string[] {
  const [local = '', domain = ''] = email.toLowerCase().split('@');
  return [email, local, domain, username ?? '', phone ?? '', service]
    .map((word) => word.toLowerCase())
    .filter((word) => word.length >= 3);
}

/** The whole password is the word, perhaps repeated or with a few digits and signs around it. */
function isMadeOf(password: string, word: string): boolean {
  const rest = password.replaceAll(word, '');
  return rest !== password && /^[\d\p{P}\p{S}\s]{0,6}$/u.test(rest);
}
