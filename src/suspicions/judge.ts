import type { Kysely } from 'kysely';
import { firstIdOf } from '../crypto/ids.ts';
import type { Database } from '../db/types.ts';
import { MINUTE, plus } from '../time.ts';
import { findWatch } from '../watches/find-watch.ts';
import * as queries from './queries.ts';
import { type Rule, type RuleId, rules, type Seen, triggers, WITHIN } from './rules.ts';

export type Match = { rule: Rule; evidence: readonly Seen[]; isWatched: boolean };
type Trigger = queries.Trigger;

const types = new Set<string>(triggers);
const beginning = (event: { at: Date }) => firstIdOf(plus(event.at, -WITHIN - MINUTE));

/** Of these events, those that a rule among `ids` must look at; most events of an account say nothing by themselves. */
export async function sift(
  db: Kysely<Database>,
  events: readonly (Omit<Trigger, 'accountId'> & { accountId: string | null })[],
  ids: readonly RuleId[],
): Promise<Trigger[]> {
  const known = events.filter((event): event is Trigger => types.has(event.type) && event.accountId !== null);
  const oldest = known.reduce<Trigger | undefined>((one, other) => (one && one.at < other.at ? one : other), undefined);
  if (!oldest) return [];
  const accountIds = [...new Set(known.map(({ accountId }) => accountId))];
  const having = new Map<string, Set<string>>();
  for (const { needs } of rules) {
    if (needs) having.set(needs, await queries.listWith(db, accountIds, needs, beginning(oldest)));
  }
  const isLooked = (event: Trigger) =>
    applying(event, ids).some(({ needs }) => needs === undefined || having.get(needs)?.has(event.accountId));
  return known.filter(isLooked);
}

/** What the rules among `ids` say of an event, from nothing but the spine and the ledger before it. */
export async function judge(db: Kysely<Database>, event: Trigger, ids: readonly RuleId[]): Promise<Match[]> {
  const applied = applying(event, ids);
  const wanted = [...new Set(applied.flatMap(({ past }) => past))];
  const { tx, id, accountId } = event;
  const before = { tx, id, accountId, types: wanted, firstId: beginning(event) };
  const past = wanted.length === 0 ? [] : await queries.listPast(db, before);
  const isWatched = applied.length > 0 && (await findWatch(db, accountId)) !== undefined;
  const told = event.type === 'transaction.decided' ? await withPayee(db, event) : event;
  return applied.flatMap((rule) => {
    const lately = past.filter(({ type, at }) => rule.past.some((known) => known === type) && isWithin(at, event.at));
    const evidence = rule.evidence(told, lately, isWatched);
    return evidence ? [{ rule, evidence, isWatched }] : [];
  });
}

function applying(event: { type: string }, ids: readonly RuleId[]): Rule[] {
  return rules.filter((rule) => ids.includes(rule.id) && rule.on.some((type) => type === event.type));
}

const isWithin = (at: Date, now: Date) => plus(at, WITHIN) >= now;

async function withPayee(db: Kysely<Database>, event: Trigger): Promise<Trigger> {
  const payment = await queries.findPayment(db, event.accountId, String(event.detail['transactionId']));
  if (!payment) return event;
  return { ...event, deviceId: payment.deviceId, detail: { ...event.detail, isNewPayee: payment.isNewPayee } };
}
