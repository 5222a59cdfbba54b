import type { Transaction } from 'kysely';
import type { Client } from '../context.ts';
import type { Database } from '../db/types.ts';
import type { EventDetails } from '../events/catalogue.ts';
import { type Actor, record } from '../events/record.ts';
import * as queries from './queries.ts';
import type { ChangeKind } from './rules.ts';

export type By = { actor: Actor; client?: Client | undefined };
type Told = {
  kind: ChangeKind;
  /** The agent it is about, once there is one. */
  agentId: string | null;
  email: string;
  role: string | null;
  note: string;
  /** Who or what brought it about, where the words of the mail say so. */
  how?: string;
};
type StaffEvent = Extract<keyof EventDetails, `agent.${string}`>;

/** Records it, and with it what every admin and, where it is about their access, the agent is told. */
export async function tell<Type extends StaffEvent>(
  trx: Transaction<Database>,
  event: By & { type: Type; detail: EventDetails[Type] },
  { kind, agentId, email, role, note, how }: Told,
  now: Date,
): Promise<void> {
  const { actor } = event;
  const doer = actor.kind === 'agent' && actor.id ? await queries.findAgent(trx, actor.id) : undefined;
  const payload = {
    change: kind,
    agent: email,
    role: role ?? '',
    by: how ?? '',
    ...(doer ? { doer: doer.email } : {}),
    ...(note === '' ? {} : { note }),
    ...(agentId === null ? {} : { subjectId: agentId }),
  };
  await record(trx, { ...event, payload }, now);
}
