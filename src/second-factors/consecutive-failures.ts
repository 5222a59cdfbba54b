import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { disablePassword } from '../passwords/exposure.ts';
import type { Prover } from './check-proof.ts';
import * as queries from './queries.ts';

/** The owner is warned this many failures before an authenticator is disabled, and again this many. */
const WARN_BEFORE = [50, 10];

/**
 * Counts a wrong code against every authenticator it was held against. One that saw a hundred in a row opens nothing any
 * more and must be bound anew; where a right password came before, that is disabled with it (NIST 800-63B-4 3.2.2).
 */
export async function rememberFailures(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, deviceId, client, purpose }: Prover,
  now: Date,
): Promise<void> {
  const most = ctx.policy['totp.disableAt'];
  const factors = await queries.countTotpFailures(trx, accountId, { isKnown: deviceId !== undefined, most }, now);
  const actor = { kind: 'anonymous' } as const;
  const event = { actor, accountId, deviceId, client };
  const disabled = factors.filter((factor) => factor.is_disabled);
  if (disabled.length > 0) {
    const isPasswordDisabled = purpose === 'sign-in' && (await disablePassword(trx, accountId, now));
    const factorIds = disabled.map((factor) => factor.id);
    const detail = { failures: most, factorIds, isPasswordDisabled };
    await record(trx, { ...event, type: 'totp.disabled', detail }, now);
    return;
  }
  const failures = Math.max(0, ...factors.map((factor) => factor.failures));
  if (!WARN_BEFORE.some((margin) => failures === most - margin)) return;
  await record(trx, { ...event, type: 'totp.failing', detail: { failures } }, now);
}
