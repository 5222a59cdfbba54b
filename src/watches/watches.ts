import type { Transaction } from 'kysely';
import { findCase } from '../cases/cases.ts';
import type { Client, Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { type Actor, record } from '../events/record.ts';
import { passAlone } from '../holds/gate.ts';
import { Problem } from '../problem.ts';
import { plus } from '../time.ts';
import * as queries from './queries.ts';
import { latestEnd } from './rules.ts';

export type Watch = queries.WatchRow;

/** Begins the weeks after a release, under the account's lock; one that goes on already is made longer. The owner is told. */
export async function beginWatch(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, caseId }: { accountId: string; caseId: string },
  { actor, client }: { actor: Actor; client?: Client | undefined },
  now: Date,
): Promise<Watch> {
  const until = plus(now, ctx.policy['watch.length']);
  const row = { id: newId(now), account_id: accountId, case_id: caseId, began_at: now, until };
  const watch = await queries.insertOrExtend(trx, row);
  const detail = { watchId: watch.id, until: watch.until.toISOString() };
  // Where the agent was is nothing to the owner.
  const payload = { device: '', ip: '' };
  await record(trx, { type: 'watch.began', actor, accountId, caseId, client, detail, payload }, now);
  return watch;
}

type Asked = { caseId: string; agentId: string; client: Client; note: string };

/**
 * Makes the case's watch longer, up to 90 days from its begin; nobody makes it shorter. Throws `not-found`, and
 * `invalid-request` for a time that is not later, or too late.
 */
export async function extendWatch(ctx: Context, { until, ...asked }: Asked & { until: Date }): Promise<Watch> {
  const now = ctx.clock.now();
  return await withOpenWatch(ctx, asked.caseId, now, async (trx, watch) => {
    if (until > latestEnd(watch.began_at)) throw badUntil('is more than 90 days after its begin');
    const extended = await queries.extend(trx, watch.id, until);
    if (!extended) throw badUntil('must be later than it ends now');
    const actor = { kind: 'agent', id: asked.agentId } as const;
    const event = { actor, accountId: watch.account_id, caseId: asked.caseId, client: asked.client };
    const detail = { watchId: watch.id, until: until.toISOString(), note: asked.note };
    await record(trx, { ...event, type: 'watch.extended', detail }, now);
    return extended;
  });
}

/** Somebody looked at the weeks that are over and says that all is well; the owner is told. Throws `not-found`, `too-early`. */
export async function signOff(ctx: Context, { caseId, agentId, client, note }: Asked): Promise<Watch> {
  const now = ctx.clock.now();
  return await withOpenWatch(ctx, caseId, now, async (trx, watch) => {
    if (watch.until > now) throw new Problem('too-early', { members: { earliestAt: watch.until.toISOString() } });
    const ended = await queries.end(trx, watch.id, { agentId, note }, now);
    if (!ended) throw new Problem('not-found');
    const actor = { kind: 'agent', id: agentId } as const;
    const event = { actor, accountId: watch.account_id, caseId, client };
    const detail = { watchId: watch.id, reason: 'signed-off' };
    await record(trx, { ...event, type: 'watch.ended', detail, payload: { device: '', ip: '' } }, now);
    return ended;
  });
}

/** What happened while the account was watched, up to now. Throws `not-found` where the case has no watch. */
export async function readWatch(ctx: Context, caseId: string): Promise<Watch & { summary: queries.Summary }> {
  const watch = await queries.findLatestOfCase(ctx.urgentDb, caseId);
  if (!watch) throw new Problem('not-found');
  const to = watch.ended_at ?? ctx.clock.now();
  return { ...watch, summary: await queries.summarise(ctx.urgentDb, watch.account_id, watch.began_at, to) };
}

async function withOpenWatch<T>(
  ctx: Context,
  caseId: string,
  now: Date,
  work: (trx: Transaction<Database>, watch: Watch) => Promise<T>,
): Promise<T> {
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await findCase(trx, caseId);
    if (!theCase || !(await passAlone(trx, theCase.account_id, 'case-access', now))) throw new Problem('not-found');
    const watch = await queries.findLatestOfCase(trx, caseId);
    if (!watch || watch.ended_at) throw new Problem('not-found');
    return await work(trx, watch);
  });
}

function badUntil(detail: string): Problem {
  return new Problem('invalid-request', { errors: [{ pointer: '/until', detail }] });
}
