import type { Transaction } from 'kysely';
import type { Role } from '../agents/rules.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import type { KeyRing } from '../crypto/keys.ts';
import { hashToken } from '../crypto/tokens.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { plus, secondsUntil } from '../time.ts';
import * as queries from './queries.ts';

/** The token that is mailed. It is derived, not drawn: its plaintext is in the mail alone. */
function enrolmentToken(keys: KeyRing, enrolmentId: string): string {
  return `hf_ae_${keys.hash('agent-enrolment', enrolmentId).toString('base64url')}`;
}

/** Mails an agent the way in, once: the one before it opens nothing more. Nobody else sees a password or a secret. */
export async function offerEnrolment(
  trx: Transaction<Database>,
  ctx: Context,
  { id: agentId }: { id: string },
  now: Date,
): Promise<void> {
  await queries.voidOpen(trx, agentId, now);
  const id = newId(now);
  const tokenHash = hashToken(enrolmentToken(ctx.keys, id));
  const expiresAt = plus(now, ctx.policy['agents.enrolmentTtl']);
  await queries.insertEnrolment(trx, { id, agentId, tokenHash, expiresAt }, now);
  const actor = { kind: 'system' } as const;
  const detail = { agentId, enrolmentId: id };
  await record(trx, { type: 'agent.enrolment-offered', actor, detail, payload: { subjectId: id } }, now);
}

/** What was mailed opens nothing more. */
export async function voidEnrolment(trx: Transaction<Database>, agentId: string, now: Date): Promise<void> {
  await queries.voidOpen(trx, agentId, now);
}

type Letter = { email: string; locale: 'en' | 'zh-CN'; role: Role; code: string; expiresInSeconds: number };

/** The mail of a way in that still stands open. */
export async function findEnrolmentLetter(ctx: Context, id: string): Promise<Letter | undefined> {
  const now = ctx.clock.now();
  const open = await queries.findOpen(ctx.db, id, now);
  if (!open) return undefined;
  const { email, locale, role, expires_at } = open;
  return { email, locale, role, code: enrolmentToken(ctx.keys, id), expiresInSeconds: secondsUntil(expires_at, now) };
}
