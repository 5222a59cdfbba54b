import type { Context } from '../context.ts';
import { counterKey } from '../lockout/attempts.ts';
import type { Prover } from './check-proof.ts';

/** A texted code of a sign-in has the door of the authenticator's: six digits alike. The door of texts is for enrolling one. */
export const doors = ['totp', 'recovery-code', 'sms'] as const;
export type Door = (typeof doors)[number];

export const proving = ['sign-in', 'reset', 'change', 'grant'] as const satisfies readonly Prover['purpose'][];

/**
 * Strangers and known devices have doors apart, and so have sign-in, reset, change and grant: strangers who know the
 * password must not lock the owner's reset, nor a thief's session their sign-in.
 */
export function doorKey(
  ctx: Context,
  { accountId, deviceId, purpose }: Pick<Prover, 'accountId' | 'deviceId' | 'purpose'>,
  door: Door,
): Buffer {
  const device = `${accountId}:${deviceId ?? ''}`;
  return counterKey(ctx, door, purpose === 'sign-in' ? device : `${device}:${purpose}`);
}
