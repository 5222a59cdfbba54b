import type { Transaction } from 'kysely';
import type { Client, Context } from '../context.ts';
import type { Database } from '../db/types.ts';
import { record } from '../events/record.ts';
import { freezeWithin } from '../holds/freeze.ts';
import type { Hold } from '../holds/gate.ts';
import { voidLinks } from '../links/links.ts';
import { callOffFactorReset } from '../lost-factor/call-off.ts';
import { forgetAddressesSince } from '../notice-addresses/since.ts';
import { endEverything } from '../sessions/end.ts';
import { plus } from '../time.ts';
import { dropTextsOf } from './drop-texts.ts';
import { maskContact } from './mask.ts';
import * as queries from './queries.ts';

const events = {
  email: 'email.change-undone',
  phone: 'phone.change-undone',
  username: 'username.change-undone',
} as const;

type Undo = {
  accountId: string;
  changeId: string;
  client: Client;
  standing: Hold | undefined;
  /** Where not the owner undoes it but an agent, for them. */
  agent?: { id: string; caseId: string };
};
type Undone = { hold: Hold; receipt?: string; caseReference?: string };

/**
 * Takes a change back with all of its kind that came after it, under the account's lock: what it was before signs in
 * again. Somebody made a change that the presser disowns, so the account is frozen too, and a thief who reads only the
 * old mailbox gains nothing by pressing. Undefined, and nothing written, where it is undone already or too late.
 */
export async function undoChange(
  trx: Transaction<Database>,
  ctx: Context,
  { accountId, changeId, client, standing, agent }: Undo,
  now: Date,
): Promise<Undone | undefined> {
  const undone = await queries.undoChanges(trx, changeId, now);
  const [first] = undone;
  if (!first) return undefined;
  const { kind, old_value: restored, old_key: key, requested_at: changed } = first;
  await queries.setContact(trx, accountId, kind, restored, now);
  await queries.settleIdentifiers(trx, accountId, kind, key, now);
  await dropTextsOf(trx, kind, accountId, client, now);
  // No session lives longer: whoever made the change may have added an address by it before.
  const doubted = plus(changed, -ctx.policy['session.absolute']);
  const forgotten = await forgetAddressesSince(trx, accountId, { doubted, changed });
  await voidLinks(trx, accountId, ['reset-password', 'unlock-sign-in', 'case-access', 'confirm-email'], now);
  await endEverything(trx, accountId, 'contact-change-undone', now);
  const actor = agent ? ({ kind: 'agent', id: agent.id } as const) : ({ kind: 'owner', id: accountId } as const);
  const source = agent ? 'agent' : 'owner';
  // Whoever convinced an agent may have done so from the mailbox that is disowned now.
  await callOffFactorReset(trx, accountId, { reason: 'contact-restored', actor, client }, now);
  const frozen = standing
    ? undefined
    : await freezeWithin(
        trx,
        ctx,
        { accountId, scope: 'all', reasonCode: 'account-takeover', source, actor, client, caseId: agent?.caseId },
        now,
      );
  const detail = { changeId, to: maskContact(kind, restored), changes: undone.length };
  // Whoever reads the mailbox that is dropped may be the true owner: they learn of it once more.
  const dropped = [...forgotten, ...(kind === 'email' ? undone.map((change) => change.new_value) : [])];
  await record(
    trx,
    {
      type: events[kind],
      actor,
      accountId,
      caseId: frozen?.theCase.id ?? agent?.caseId,
      client,
      detail,
      // The mail is not to name the agent's device as if it were a stranger's.
      payload: { alsoTo: dropped, ...(agent && { device: '', ip: '' }) },
    },
    now,
  );
  if (!frozen) return { hold: standing as Hold };
  return { hold: frozen.hold, receipt: frozen.receipt, caseReference: frozen.theCase.reference };
}
