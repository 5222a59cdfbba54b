import type { Transaction } from 'kysely';
import { findOpenCase, openOrJoinCase } from '../cases/open-case.ts';
import { priorities } from '../cases/rules.ts';
import { addSystemNote } from '../cases/system-notes.ts';
import type { Context } from '../context.ts';
import { firstIdOf } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import type { EventDetails } from '../events/catalogue.ts';
import { record } from '../events/record.ts';
import { freezeWithin } from '../holds/freeze.ts';
import { passAlone } from '../holds/gate.ts';
import { isFreeze } from '../holds/rules.ts';
import { HOUR, plus } from '../time.ts';
import type { Match } from './judge.ts';
import * as queries from './queries.ts';
import type { Rule, RuleId } from './rules.ts';

const actor = { kind: 'rule' } as const;
const kind = 'suspicious-activity';
type Outcome = EventDetails['rule.matched']['outcome'];
type Answered = { outcome: Outcome; frozen: boolean; caseId?: string };

/**
 * What a match leads to, in the transaction that moves the cursor past its event: the one open case of this account and
 * cause with the evidence in it, and where the rule says so a freeze; beyond the limits per hour of all nodes only events.
 */
export async function answerMatch(
  trx: Transaction<Database>,
  ctx: Context,
  accountId: string,
  { rule, evidence, isWatched }: Match,
  now: Date,
): Promise<void> {
  const isLive = ctx.policy[`rules.${rule.id}`] === 'live';
  const answered = isLive ? await work(trx, ctx, accountId, { rule, evidence, isWatched }, now) : shadow;
  if (!answered) return;
  const { caseId, ...outcome } = answered;
  const detail = { rule: rule.id, ...outcome, eventIds: evidence.map(({ id }) => id) };
  await record(trx, { type: 'rule.matched', actor, accountId, caseId, detail }, now);
}

const shadow: Answered = { outcome: 'shadow', frozen: false };

/** Undefined for an account that is closed: there is nobody left to protect. */
async function work(
  trx: Transaction<Database>,
  ctx: Context,
  accountId: string,
  { rule, evidence, isWatched }: Match,
  now: Date,
): Promise<Answered | undefined> {
  if (!(await passAlone(trx, accountId, 'case-access', now))) return undefined;
  const open = await findOpenCase(trx, accountId, kind, rule.id);
  if (!open && (await hasOpenedEnough(trx, ctx, rule.id, now))) return { outcome: 'held-back', frozen: false };
  const request = { accountId, kind, cause: rule.id, priority: priorities[kind], actor } as const;
  const { id: caseId } = await openOrJoinCase(trx, ctx, request, now);
  const events = evidence.map(({ id, type, at }) => ({ id, type, at: at.toISOString() }));
  await addSystemNote(trx, caseId, { body: rule.reason, data: { rule: rule.id, events } }, now);
  const frozen = (rule.freezes || isWatched) && (await freezeForNow(trx, ctx, { accountId, caseId, rule }, now));
  return { outcome: open ? 'joined' : 'opened', frozen, caseId };
}

/** A freeze that an agent must confirm; an account that is frozen already stays as it is. */
async function freezeForNow(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, caseId, rule }: { accountId: string; caseId: string; rule: Rule },
  now: Date,
): Promise<boolean> {
  const passage = await passAlone(trx, accountId, 'use-session', now);
  if (!passage || passage.stoppedBy.some(isFreeze)) return false;
  if (await hasFrozenEnough(trx, ctx, rule.id, now)) return false;
  const hold = { scope: 'all', reasonCode: 'suspected-fraud', source: 'rule', note: rule.reason } as const;
  await freezeWithin(trx, ctx, { ...hold, accountId, caseId, actor }, now);
  return true;
}

/** Whether this rule opened as many cases within the hour as it may: one that runs wild, or is made to, silences no other. */
async function hasOpenedEnough(trx: Transaction<Database>, ctx: Context, rule: RuleId, now: Date): Promise<boolean> {
  const perHour = ctx.policy['rules.perHour'];
  const firstId = firstIdOf(plus(now, -HOUR));
  if ((await queries.countOpened(trx, rule, firstId)) < perHour) return false;
  await tellOnce(trx, ctx, { what: 'cases', rule, perHour }, now);
  return true;
}

/** Whether rules froze as many accounts within the hour as they may. */
async function hasFrozenEnough(trx: Transaction<Database>, ctx: Context, rule: RuleId, now: Date): Promise<boolean> {
  const perHour = ctx.policy['risk.autoFreezePerHour'];
  const firstId = firstIdOf(plus(now, -HOUR));
  if ((await queries.countFrozen(trx, firstId)) < perHour) return false;
  await tellOnce(trx, ctx, { what: 'freezes', rule, perHour }, now);
  return true;
}

/** In the log and as an event, once an hour. */
async function tellOnce(
  trx: Transaction<Database>,
  ctx: Context,
  detail: EventDetails['rules.throttled'],
  now: Date,
): Promise<void> {
  if (await queries.wasThrottled(trx, detail, firstIdOf(plus(now, -HOUR)))) return;
  ctx.log.warn(detail, 'a rule is held back until the hour is over');
  await record(trx, { type: 'rules.throttled', actor, detail }, now);
}
