import type { Client, Context } from '../context.ts';
import { addressBlock } from '../lockout/address-block.ts';
import { Problem } from '../problem.ts';
import { redeemWork, workRequired } from '../proof-of-work/proof-of-work.ts';
import type { Work } from '../proof-of-work/work.ts';
import { isAtLeast, type Suspicion } from './rules.ts';

const BLOCKED_SECONDS = 600;

/** What a caller shows who was asked for a proof: work, or the answer to the operator's CAPTCHA. */
export type Shown = Work | { captcha: string };
type Asked = { identifier: Buffer; client: Client; shown: Shown | undefined };

/**
 * Lets a suspected stranger through who did what was asked: work, or from the second step on the operator's CAPTCHA where
 * there is one. Throws `proof-required` with what to do, and `too-many-attempts` where nothing helps.
 */
export async function demandProof(
  ctx: Context,
  { identifier, client, shown }: Asked,
  { step, difficulty }: Suspicion,
  now: Date,
): Promise<void> {
  if (step === 'none') return;
  if (step === 'block') throw new Problem('too-many-attempts', { retryAfter: BLOCKED_SECONDS });
  const asked = { purpose: 'sign-in', block: addressBlock(client.ip), subject: identifier.toString('hex') } as const;
  if (shown && 'challenge' in shown && (await redeemWork(ctx, asked, shown, now))) return;
  const answer = shown && 'captcha' in shown ? await ctx.captcha?.verify(shown.captcha, client.ip) : false;
  if (answer) return;
  // Where the operator's service does not answer, work must do.
  const isCaptchaWanted = ctx.captcha && isAtLeast(step, 'factor') && answer === false;
  if (isCaptchaWanted) throw new Problem('proof-required', { members: { proof: { captcha: true } } });
  throw workRequired(ctx, asked, difficulty, now);
}
