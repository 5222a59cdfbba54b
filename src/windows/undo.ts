import type { Transaction } from 'kysely';
import { findCase } from '../cases/cases.ts';
import { undoChange } from '../contacts/undo.ts';
import type { Client, Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { forgetDevice } from '../devices/forget-device.ts';
import { record } from '../events/record.ts';
import { findHolds, type Hold, passAlone } from '../holds/gate.ts';
import { isLastingFreeze } from '../holds/rules.ts';
import { forgetAddress } from '../notice-addresses/forget-address.ts';
import { quarantinePayee } from '../payees/quarantine.ts';
import { Problem } from '../problem.ts';
import { unbindFactor } from '../second-factors/unbind.ts';
import { endDoubted } from '../sessions/end-doubted.ts';
import { disown } from '../transactions/mark.ts';
import { type Born, type BornKind, findBorn } from './contents-queries.ts';
import { findWindow } from './windows.ts';

type Wanted = { kind: BornKind; id: string; note: string };
type Undoing = {
  accountId: string;
  caseId: string;
  id: string;
  note: string;
  agentId: string;
  client: Client;
  standing: Hold | undefined;
};

/**
 * Takes back one thing that was born inside the case's window: in its own feature, with its own event, and the owner is told
 * as of any such change. What is undone already stays so and causes nothing. Throws `not-found`, `case-closed`,
 * `step-not-ready` without a window, `invalid-request` for what is not inside it, `last-way-in`, `past-undoing`.
 */
export async function undoBorn(
  ctx: Context,
  caseId: string,
  { kind, id, note }: Wanted,
  agentId: string,
  client: Client,
): Promise<Born> {
  const now = ctx.clock.now();
  return await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    const theCase = await findCase(trx, caseId);
    if (!theCase || !(await passAlone(trx, theCase.account_id, 'case-access', now))) throw new Problem('not-found');
    if (theCase.closed_at) throw new Problem('case-closed');
    const { account_id: accountId } = theCase;
    const window = await findWindow(trx, caseId);
    if (!window) throw new Problem('step-not-ready', { members: { missing: ['window-set'] } });
    const span = { from: window.from, until: window.until ?? now };
    const born = await findBorn(trx, accountId, { kind, id }, span);
    if (!born)
      throw new Problem('invalid-request', { errors: [{ pointer: '/id', detail: 'is not inside the window' }] });
    if (born.state === 'undone') return born;
    // One that ends by itself would make one agent's undoing a way past the second factor.
    const standing = (await findHolds(trx, accountId, now)).find(isLastingFreeze);
    await undoers[kind](trx, ctx, { accountId, caseId, id, note, agentId, client, standing }, now);
    const actor = { kind: 'agent', id: agentId } as const;
    await record(trx, { type: 'window.undone', actor, accountId, caseId, client, detail: { kind, id, note } }, now);
    return { ...born, state: 'undone' };
  });
}

type Undoer = (trx: Transaction<Database>, ctx: Context, undoing: Undoing, now: Date) => Promise<unknown>;
const agentOf = ({ agentId }: Undoing) => ({ kind: 'agent', id: agentId }) as const;

const unbind =
  (kind: 'totp' | 'passkey' | 'sms' | 'recovery-codes'): Undoer =>
  async (trx, ctx, undoing, now) => {
    const { accountId, caseId, id, standing } = undoing;
    const isFrozen = standing !== undefined;
    await unbindFactor(trx, ctx, { accountId, kind, id, actor: agentOf(undoing), caseId, isFrozen }, now);
  };

const undoers: Record<BornKind, Undoer> = {
  totp: unbind('totp'),
  passkey: unbind('passkey'),
  sms: unbind('sms'),
  'recovery-codes': unbind('recovery-codes'),
  session: async (trx, _, undoing, now) => {
    const { accountId, caseId, id, note } = undoing;
    await endDoubted(trx, { accountId, sessionId: id, actor: agentOf(undoing), caseId, note }, now);
  },
  device: async (trx, _, undoing, now) => {
    const { accountId, caseId, id } = undoing;
    await forgetDevice(trx, { accountId, deviceId: id, actor: agentOf(undoing), caseId }, now);
  },
  'notice-address': async (trx, _, undoing, now) => {
    const { accountId, caseId, id } = undoing;
    await forgetAddress(trx, { accountId, id, actor: agentOf(undoing), caseId }, now);
  },
  'contact-change': async (trx, ctx, { accountId, caseId, id, agentId, client, standing }, now) => {
    const wanted = { accountId, changeId: id, client, standing, agent: { id: agentId, caseId } };
    if (!(await undoChange(trx, ctx, wanted, now))) throw new Problem('past-undoing');
  },
  payee: async (trx, _, { accountId, caseId, id, agentId }, now) => {
    await quarantinePayee(trx, { accountId, caseId, id }, agentId, now);
  },
  transaction: async (trx, _, { accountId, caseId, id, agentId, note, client }, now) => {
    await disown(trx, { id, accountId, caseId }, { agentId, note, client }, now);
  },
};
