import type { Context } from '../context.ts';
import type { Locale } from '../languages/languages.ts';
import { text } from '../languages/languages.ts';
import { Problem } from '../problem.ts';
import { isCommonPassword } from './blocklist.ts';
import { findWeakness, normalisePassword, type Words } from './rules.ts';

/** A password as it will be hashed. Throws `weak-password` with the reason, in the caller's language (NIST 800-63B-4 3.1.1.2). */
export function acceptPassword(
  ctx: Context,
  password: string,
  words: Omit<Words, 'service'>,
  locale: Locale,
  field: string,
): string {
  const normal = normalisePassword(password);
  const reason = findWeakness(normal, { ...words, service: ctx.config.serviceName }, ctx.policy, isCommonPassword);
  if (!reason) return normal;
  const limits = { min: ctx.policy['passwords.minLength'], max: ctx.policy['passwords.maxLength'] };
  const detail = text(locale, `weak-password.${reason}`, limits);
  throw new Problem('weak-password', { detail, errors: [{ pointer: `/${field}`, detail }], members: { reason } });
}
