import type { Policy } from '../policy.ts';
import { commonWordCost, isCommonPassword, isNumberWord } from './blocklist.ts';
import { fold } from './context-words.ts';
import { isCovered, readingsOf, type WordCost } from './cover.ts';
import { lengthOf, minLength } from './rules.ts';

/** Why a password is refused; the names are part of the contract. */
export type Weakness = 'too-short' | 'too-long' | 'common' | 'contextual' | 'breached' | 'unchanged';

const BESIDE_CONTEXT = { words: 1, trifles: 6, isTrifle: isNumberWord };

/** Why this password is refused by what is known here, or undefined. There are no composition rules. */
export function findWeakness(
  password: string,
  context: ReadonlySet<string>,
  policy: Policy,
  hasSecondFactor: boolean,
): Weakness | undefined {
  const length = lengthOf(password);
  if (length < minLength(policy, hasSecondFactor)) return 'too-short';
  if (length > policy['passwords.maxLength']) return 'too-long';
  const folded = fold(password);
  if (isMadeOf(folded, context)) return 'contextual';
  return isCommonPassword(folded) ? 'common' : undefined;
}

/** Nothing but words of the account and service, perhaps with one common word, and a few digits and signs. */
function isMadeOf(password: string, context: ReadonlySet<string>): boolean {
  if (!readingsOf(password).some((reading) => [...context].some((word) => reading.includes(word)))) return false;
  const costOf: WordCost = (word) => (context.has(word) ? 0 : commonWordCost(word));
  return isCovered(password, costOf, BESIDE_CONTEXT);
}
