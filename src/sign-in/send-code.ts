import type { Client, Context } from '../context.ts';
import { hashToken } from '../crypto/tokens.ts';
import { textSignInCode } from '../sms-factor/text-code.ts';
import { answerOnBeat } from './beat.ts';
import { findTextable } from './challenge-queries.ts';
import { sendMailedCode } from './mailed-code.ts';

type Wish = { challenge: string; factor: 'sms' | 'email-code' };

/**
 * Sends the code that answers a sign-in's second step, if there is such a challenge and something to send it to. Says
 * nothing of either: whoever asks may have guessed (ASVS 6.3.8).
 */
export async function sendCode(ctx: Context, wish: Wish, client: Client): Promise<void> {
  await ctx.limits.takeForAddress('other', client.ip);
  await answerOnBeat(ctx, () => send(ctx, wish, client));
}

async function send(ctx: Context, { challenge, factor }: Wish, client: Client): Promise<void> {
  if (factor === 'email-code') return await sendMailedCode(ctx, challenge, client);
  const hash = hashToken(challenge);
  const open = await findTextable(ctx.reader, hash, ctx.clock.now());
  if (!open) return;
  const door = { accountId: open.account_id, subject: hash.toString('hex'), expiresAt: open.expires_at };
  await textSignInCode(ctx, door, client);
}
