import type { Transaction } from 'kysely';
import { emailKey } from '../accounts/identifiers.ts';
import { findLockedUntil } from '../agents/locks.ts';
import type { Role } from '../agents/rules.ts';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import type { Locale } from '../languages/languages.ts';
import { Problem } from '../problem.ts';
import type { AgentSession } from '../sessions/check.ts';
import { plus } from '../time.ts';
import { carryOut } from './carry-out.ts';
import { endChange } from './end.ts';
import * as queries from './queries.ts';
import { type ChangeKind, findUnfitness, soloEffectiveAt } from './rules.ts';
import { tell } from './tell.ts';

type Asking = { reason: string; agent: AgentSession; client: Client };
type NewAgent = Asking & { email: string; name: string; role: Role; locale: Locale };
type Wish = Asking & { id: string } & (
    | { kind: 'role'; role: Role }
    | { kind: Exclude<ChangeKind, 'make' | 'role'>; role?: undefined }
  );
type Wanted = Pick<queries.ChangeRow, 'kind' | 'agent_id' | 'email' | 'email_key' | 'name' | 'locale' | 'role'>;

const aboutNobody = { agent_id: null, email: null, email_key: null, name: null, locale: null, role: null };

/** Asks another admin to let somebody in (ASVS 2.3.5). Throws `agent-exists`, `approval-open` with the `changeId`. */
export async function askToMake(ctx: Context, asking: NewAgent): Promise<queries.Change> {
  const { email, name, role, locale } = asking;
  return await inQueue(ctx, asking, async (trx, now) => {
    const key = emailKey(email);
    if (await queries.hasAgent(trx, key)) throw new Problem('agent-exists');
    const wanted = { ...aboutNobody, kind: 'make', email, email_key: key, name, locale, role } as const;
    return await ask(trx, ctx, wanted, asking, now);
  });
}

/**
 * Asks another admin to change an agent. Shutting out who is no admin, and opening what guesses locked, takes one: it is done
 * at once (`done`). Throws `not-found`, `forbidden` for oneself, `agent-unchanged`, `agent-disabled`, `last-admin`,
 * `approval-open` with the `changeId`.
 */
export async function askToChange(ctx: Context, wish: Wish): Promise<queries.Change> {
  const { id, kind, role = null, agent } = wish;
  return await inQueue(ctx, wish, async (trx, now) => {
    const subject = await queries.findAgent(trx, id);
    if (!subject) throw new Problem('not-found');
    if (id === agent.agent_id && kind !== 'disable') throw new Problem('forbidden');
    const unfit = findUnfitness({ kind, role }, subject, await queries.listAdmins(trx));
    if (unfit) throw new Problem(unfit);
    if (kind === 'unlock' && !(await findLockedUntil(trx, id, now))) throw new Problem('agent-unchanged');
    const wanted = { ...aboutNobody, kind, agent_id: id, role };
    const isAlone = kind === 'unlock' || (kind === 'disable' && subject.role !== 'admin');
    return isAlone ? await doAlone(trx, ctx, wanted, wish, now) : await ask(trx, ctx, wanted, wish, now);
  });
}

/** Whoever asks is read again behind what queued before: they may be no admin any more. */
async function inQueue(
  ctx: Context,
  { agent }: Asking,
  work: (trx: Transaction<Database>, now: Date) => Promise<string>,
): Promise<queries.Change> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await queries.queueForStaff(trx);
    if (!(await queries.listAdmins(trx)).includes(agent.agent_id)) throw new Problem('forbidden');
    const change = await queries.findChange(trx, await work(trx, now), now);
    if (!change) throw new Error('a change that was asked for is there');
    return change;
  });
}

async function ask(
  trx: Transaction<Database>,
  ctx: Context,
  wanted: Wanted,
  { reason, agent, client }: Asking,
  now: Date,
): Promise<string> {
  const { kind, agent_id: agentId, email_key: key } = wanted;
  const open = await queries.findOpen(trx, { kind, agentId, emailKey: key }, now);
  if (open && open.status !== 'expired') throw new Problem('approval-open', { members: { changeId: open.id } });
  // Over for everybody who looks, but not put away yet.
  if (open) await endChange(trx, open, { reason: 'expired' }, { actor: { kind: 'system' } }, now);
  const change = rowOf(ctx, wanted, { reason, by: agent.agent_id, effectiveAt: soloEffectiveAt(ctx.policy, now) }, now);
  await queries.insertChange(trx, change);
  const asked = await queries.findChange(trx, change.id, now);
  const until = (change.effective_at ?? change.expires_at).toISOString();
  const actor = { kind: 'agent', id: agent.agent_id } as const;
  const detail = { changeId: change.id, kind, agentId, note: reason, until };
  const told = { kind, agentId: null, email: asked?.agent_email ?? '', role: wanted.role, note: reason };
  const how = change.effective_at ? 'time' : 'second';
  await tell(trx, { type: 'agent.change-requested', actor, client, detail }, { ...told, how }, now);
  return change.id;
}

async function doAlone(
  trx: Transaction<Database>,
  ctx: Context,
  wanted: Wanted,
  { reason, agent, client }: Asking,
  now: Date,
): Promise<string> {
  const change = rowOf(ctx, wanted, { reason, by: agent.agent_id, effectiveAt: now }, now);
  await queries.insertChange(trx, change);
  await carryOut(trx, ctx, change.id, { actor: { kind: 'agent', id: agent.agent_id }, client }, now);
  return change.id;
}

function rowOf(
  ctx: Context,
  wanted: Wanted,
  { reason, by, effectiveAt }: { reason: string; by: string; effectiveAt: Date | undefined },
  now: Date,
) {
  return {
    ...wanted,
    id: newId(now),
    requested_by: by,
    reason,
    requested_at: now,
    expires_at: plus(now, ctx.policy['approvals.ttl']),
    effective_at: effectiveAt ?? null,
  };
}
