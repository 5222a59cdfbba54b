import type { Transaction } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { startCoolDown } from '../holds/freeze.ts';
import { forgetPasskey } from '../passkeys/forget.ts';
import { Problem } from '../problem.ts';
import { endEverything } from '../sessions/end.ts';
import { dropSms } from '../sms-factor/forget-sms.ts';
import * as codeQueries from './code-queries.ts';
import { hasSecondFactor } from './factors.ts';
import * as queries from './queries.ts';
import { dropCodesOfNone } from './recovery-codes.ts';

type Unbindable = 'totp' | 'passkey' | 'sms' | 'recovery-codes';
type Unbinding = {
  accountId: string;
  kind: Unbindable;
  /** Of the authenticator or passkey. */
  id: string;
  actor: Actor;
  caseId: string;
  isFrozen: boolean;
};

/**
 * Takes away a factor that somebody else may have bound, under the account's lock: it proves nothing any more, every session
 * ends, and money waits. The last one goes only while the account is frozen: else the password alone would open it, which
 * that somebody may know. The owner is told. False where there is no such factor. Throws `last-way-in`.
 */
export async function unbindFactor(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, kind, id, actor, caseId, isFrozen }: Unbinding,
  now: Date,
): Promise<boolean> {
  const hadFactor = await hasSecondFactor(trx, accountId);
  // The mail is not to name the agent's device as if it were a stranger's.
  const event = { actor, accountId, caseId, payload: { device: '', ip: '' } };
  if (!(await take(trx, { accountId, kind, id }, event, now))) return false;
  if (hadFactor && !isFrozen && !(await hasSecondFactor(trx, accountId))) throw new Problem('last-way-in');
  await dropCodesOfNone(trx, accountId);
  await endEverything(trx, accountId, 'second-factor-changed', now);
  await startCoolDown(trx, ctx, accountId, undefined, now);
  return true;
}

type Taking = Pick<Unbinding, 'accountId' | 'kind' | 'id'>;
type EventParts = { actor: Actor; accountId: string; caseId: string; payload: Record<string, unknown> };

async function take(
  trx: Transaction<Database>,
  { accountId, kind, id }: Taking,
  event: EventParts,
  now: Date,
): Promise<boolean> {
  if (kind === 'totp') {
    const [factorId] = await queries.deleteTotps(trx, accountId, id);
    if (factorId) await record(trx, { ...event, type: 'totp.removed', detail: { factorId } }, now);
    return factorId !== undefined;
  }
  if (kind === 'passkey') {
    const name = await forgetPasskey(trx, accountId, id);
    if (name !== undefined)
      await record(trx, { ...event, type: 'passkey.removed', detail: { passkeyId: id, name } }, now);
    return name !== undefined;
  }
  if (kind === 'sms') {
    const isGone = await dropSms(trx, accountId);
    if (isGone) await record(trx, { ...event, type: 'sms.removed', detail: { by: 'agent' } }, now);
    return isGone;
  }
  const count = await codeQueries.deleteRecoveryCodes(trx, accountId);
  if (count > 0) await record(trx, { ...event, type: 'recovery-codes.removed', detail: { count } }, now);
  return count > 0;
}
