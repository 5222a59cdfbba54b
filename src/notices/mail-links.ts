import type { Transaction } from 'kysely';
import { emailKey } from '../accounts/identifiers.ts';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import type { Claimed } from '../events/deliveries.ts';
import { record } from '../events/record.ts';
import { pass } from '../holds/gate.ts';
import { insertLink, type LinkPurpose, linkToken } from '../links/links.ts';
import { plus } from '../time.ts';
import type { Template, TokenName } from './mail-values.ts';
import * as queries from './queries.ts';
import type { Letter } from './recipients.ts';
import { templates } from './templates.ts';

const confirming: { readonly [template in Template]?: LinkPurpose } = {
  'reset-password': 'reset-password',
  'confirm-new-email': 'confirm-contact',
  'confirm-notice-address': 'confirm-notice-address',
  'report-confirm': 'confirm-report',
  'recovery-link': 'recovery',
};

const purposes: Record<TokenName, (template: Template) => LinkPurpose> = {
  token: (template) => confirming[template] ?? 'confirm-email',
  resetToken: () => 'reset-password',
  freezeToken: () => 'freeze-account',
  unlockToken: () => 'unlock-sign-in',
  caseToken: () => 'case-access',
  undoToken: () => 'undo-contact-change',
  vetoToken: () => 'veto',
};

/**
 * Makes the links of a letter good and answers their tokens: their plaintext is only in the mail. Undefined where the
 * letter must not be sent any more.
 */
export async function makeLinks(
  ctx: Context,
  delivery: Claimed,
  letter: Letter,
): Promise<Partial<Record<TokenName, string>> | undefined> {
  const { template, to } = letter;
  const now = ctx.clock.now();
  const undoUntil = await findUndoUntil(ctx, letter, now);
  const vetoUntil = await findVetoUntil(ctx, letter);
  const names = templates[template].blocks
    .flatMap((block) => (typeof block === 'object' && 'token' in block && block.token ? [block.token] : []))
    .filter((name) => (name === 'undoToken' ? undoUntil !== undefined : true))
    .filter((name) => (name === 'vetoToken' ? vetoUntil !== undefined : true))
    // What lets a browser in goes to the one address that signs in.
    .filter((name) => (name === 'unlockToken' || name === 'resetToken' ? to.isMain : true))
    // Where all browsers count as one, a known one has no counter of its own to unlock.
    .filter((name) => (name === 'unlockToken' ? ctx.policy['lockout.counters'] === 'per-device' : true))
    .filter((name) => (name === 'caseToken' ? !to.isNew : true));
  const made = names.map((name) => {
    const purpose = purposes[name](template);
    return { name, purpose, token: linkToken(ctx.keys, purpose, delivery.id) };
  });
  return await transact(ctx.db, ctx.ring, async (trx) => {
    const issued: Partial<Record<TokenName, string>> = {};
    for (const { name, purpose, token } of made) {
      const isStopped = purpose === 'reset-password' && !(await mayReset(trx, to.accountId as string, to.email, now));
      if (isStopped && template === 'reset-password') return undefined;
      if (isStopped) continue;
      const owner = to.accountId === undefined ? { signUpId: to.signUpId as string } : { accountId: to.accountId };
      const ends = { undoToken: undoUntil, vetoToken: vetoUntil }[name as string];
      const expiresAt = ends ?? plus(now, lifetime(ctx, purpose));
      const link = { purpose, ...owner, subjectId: letter.subjectId, eventId: delivery.event_id, sentTo: to.email };
      const isVoid = purpose === 'freeze-account' && (await isReleasedSince(trx, delivery, now));
      const isNew = await insertLink(trx, token, { ...link, expiresAt, isVoid }, now);
      if (isNew && purpose === 'reset-password') await recordReset(trx, to.accountId, now);
      issued[name] = token;
    }
    return issued;
  });
}

/**
 * A mail that is late must not bring back what a release made void. Under the lock of the release, which voids what was made
 * before it.
 */
async function isReleasedSince(trx: Transaction<Database>, { account_id, at }: Claimed, now: Date): Promise<boolean> {
  if (account_id === null || !(await pass(trx, account_id, 'case-access', now))) return false;
  return await queries.isReleasedSince(trx, account_id, at);
}

async function recordReset(trx: Transaction<Database>, accountId: string | undefined, now: Date): Promise<void> {
  await record(trx, { type: 'password-reset.mailed', actor: { kind: 'system' }, accountId, detail: {} }, now);
}

/** Until when the letter's reader can undo the change it tells of; the new address itself cannot. */
async function findUndoUntil(ctx: Context, { template, to, subjectId }: Letter, now: Date): Promise<Date | undefined> {
  if (template !== 'contact-changed' || subjectId === undefined) return undefined;
  const change = await queries.findUndoableChange(ctx.db, subjectId, now);
  const isNewAddress = change?.kind === 'email' && change.new_key === emailKey(to.email);
  return isNewAddress ? undefined : (change?.undo_until ?? undefined);
}

/** Until when the letter's reader can veto what it announces: until it is done, also where no node runs when it is due. */
async function findVetoUntil(ctx: Context, { template, subjectId }: Letter): Promise<Date | undefined> {
  const isVetoable = template === 'second-factor-reset-scheduled' || template === 'hold-release-scheduled';
  if (!isVetoable || subjectId === undefined) return undefined;
  const dueAt = await queries.findVetoable(ctx.db, subjectId);
  return dueAt && plus(dueAt, ctx.policy['freezeLink.ttl']);
}

/** Asked again under the lock that a freeze takes, since the mail was written some time after it was asked for. */
async function mayReset(trx: Transaction<Database>, accountId: string, email: string, now: Date): Promise<boolean> {
  const passage = await pass(trx, accountId, 'reset-password', now);
  return passage !== undefined && passage.stoppedBy.length === 0 && passage.account.email === email;
}

function lifetime(ctx: Context, purpose: LinkPurpose): number {
  if (purpose === 'reset-password') return ctx.policy['reset.ttl'];
  if (purpose === 'recovery') return ctx.policy['recovery.linkTtl'];
  if (purpose === 'confirm-contact' || purpose === 'confirm-notice-address') return ctx.policy['contacts.confirmTtl'];
  return purpose === 'confirm-email' ? ctx.policy['signUp.ttl'] : ctx.policy['freezeLink.ttl'];
}
