import type { Context } from '../context.ts';
import type { Locale } from '../languages/languages.ts';
import { text } from '../languages/languages.ts';
import { Problem } from '../problem.ts';
import { contextWords, type Owner } from './context-words.ts';
import { isShort, minLength, normalisePassword } from './rules.ts';
import { findWeakness, type Weakness } from './weakness.ts';

export type Accepted = {
  /** As it will be hashed. */
  text: string;
  isShort: boolean;
  /** Null where no list of breached passwords was asked, or none answered: then it is asked at a sign-in. */
  breachCheckedAt: Date | null;
};

type Asked = {
  owner: Owner;
  /** Whether a second factor is enrolled: then a shorter one will do. */
  hasSecondFactor?: boolean;
  locale: Locale;
  /** The member of the body that held it. */
  field: string;
};

/**
 * The one check of every password that is set. Throws `weak-password` with the reason, in the caller's language
 * (NIST 800-63B-4 3.1.1.2). A list of breached passwords that does not answer within a second refuses nothing.
 */
export async function acceptPassword(ctx: Context, password: string, asked: Asked): Promise<Accepted> {
  const { owner, hasSecondFactor = false } = asked;
  const normal = normalisePassword(password);
  const weakness = findWeakness(normal, contextWords(owner, ctx.config), ctx.policy, hasSecondFactor);
  if (weakness) throw weakPassword(ctx, weakness, asked);
  const isChecked = ctx.policy['passwords.breachCheck'] === 'on';
  const now = ctx.clock.now();
  const exposure = isChecked ? await ctx.breaches.look(normal, now) : 'unknown';
  if (exposure === 'exposed') throw weakPassword(ctx, 'breached', asked);
  return { text: normal, isShort: isShort(normal, ctx.policy), breachCheckedAt: exposure === 'clear' ? now : null };
}

export function weakPassword(
  ctx: Context,
  reason: Weakness,
  { hasSecondFactor = false, locale, field }: Pick<Asked, 'hasSecondFactor' | 'locale'> & { field?: string },
): Problem {
  const limits = { min: minLength(ctx.policy, hasSecondFactor), max: ctx.policy['passwords.maxLength'] };
  const detail = text(locale, `weak-password.${reason}`, limits);
  const errors = field === undefined ? {} : { errors: [{ pointer: `/${field}`, detail }] };
  return new Problem('weak-password', { detail, ...errors, members: { reason } });
}
