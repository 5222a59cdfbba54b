import type { Transaction } from 'kysely';
import { emailKey } from '../accounts/identifiers.ts';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Database } from '../db/types.ts';
import { type Claimed, DeliveryError } from '../events/deliveries.ts';
import { record } from '../events/record.ts';
import { pass } from '../holds/gate.ts';
import { insertLink, type LinkPurpose, linkToken } from '../links/links.ts';
import type { LimitName } from '../lockout/limits.ts';
import { plus } from '../time.ts';
import { deviceName } from './device-name.ts';
import { MailError } from './mail-error.ts';
import type { AnyValues, MailValues, SharedValues, Template, TokenName } from './mail-values.ts';
import type { Mailer } from './mailer.ts';
import * as queries from './queries.ts';
import { renderMail } from './render.ts';
import { templates } from './templates.ts';

type Recipient = { email: string; locale: 'en' | 'zh-CN'; accountId?: string; signUpId?: string };
type Letter = { template: Template; to: Recipient };

/**
 * Mails that a stranger can cause as often as they like, each kind with a count of its own per mailbox: one must not
 * silence another. What the owner must learn has none; a lock limits the mails about it.
 */
const caps: { readonly [template in Template]?: LimitName } = {
  'confirm-email': 'sign-up-mail',
  'already-registered': 'sign-up-mail',
  'reset-password': 'mail-recipient',
};

const purposes: Record<TokenName, (template: Template) => LinkPurpose> = {
  token: (template) => (template === 'reset-password' ? 'reset-password' : 'confirm-email'),
  freezeToken: () => 'freeze-account',
  unlockToken: () => 'unlock-sign-in',
  caseToken: () => 'case-access',
};

/** Writes and sends the mail of one delivery. Links are made here, in the worker: their plaintext is only in the mail. */
export async function deliverMail(ctx: Context, mailer: Mailer, delivery: Claimed): Promise<void> {
  const letter = await address(ctx, delivery);
  if (!letter || (await isOverCap(ctx, letter, delivery))) return;
  const tokens = await makeLinks(ctx, delivery, letter);
  if (!tokens) return;
  const reference = delivery.case_id ? await queries.findCaseReference(ctx.db, delivery.case_id) : undefined;
  const values = {
    ...sharedValues(ctx, delivery, letter.to.email),
    caseReference: reference,
    ...delivery.payload,
    ...eventValues(delivery, ctx),
    ...tokens,
  };
  const mail = renderMail(letter.template, letter.to.locale, values as MailValues[Template]);
  try {
    await mailer.send({ to: letter.to.email, ...mail, messageId: delivery.id });
  } catch (error) {
    if (error instanceof MailError)
      throw new DeliveryError(`${error.code}: ${error.message}`, { isPermanent: error.permanent });
    throw error;
  }
}

async function address(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  if (delivery.event_type === 'sign-up.requested')
    return await addressSignUp(ctx, String(delivery.payload['signUpId']));
  if (delivery.event_type === 'password-reset.requested') return await addressReset(ctx, delivery);
  const account = delivery.account_id ? await queries.findRecipient(ctx.db, delivery.account_id) : undefined;
  const template = delivery.reaction as Template;
  return account && { template, to: { email: account.email, locale: account.locale, accountId: account.id } };
}

async function addressSignUp(ctx: Context, signUpId: string): Promise<Letter | undefined> {
  const signUp = await queries.findSignUp(ctx.db, signUpId);
  if (!signUp) return undefined;
  const account = await queries.findRecipientByIdentifier(ctx.db, signUp.email_key);
  if (!account) return { template: 'confirm-email', to: { email: signUp.email, locale: signUp.locale, signUpId } };
  await queries.deleteSignUp(ctx.db, signUpId);
  const to = { email: account.email, locale: account.locale, accountId: account.id };
  return { template: account.email_confirmed_at ? 'already-registered' : 'confirm-email', to };
}

async function addressReset(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const account = await queries.findRecipientByIdentifier(ctx.db, String(delivery.payload['identifier']));
  if (!account) return undefined;
  const to = { email: account.email, locale: account.locale, accountId: account.id };
  if (!account.email_confirmed_at) return { template: 'confirm-email', to };
  const isWithin = delivery.attempts > 1 || (await ctx.limits.take('reset-mail', account.id));
  return isWithin ? { template: 'reset-password', to } : undefined;
}

async function isOverCap(ctx: Context, letter: Letter, delivery: Claimed): Promise<boolean> {
  const cap = caps[letter.template];
  if (!cap || delivery.attempts > 1) return false;
  return !(await ctx.limits.take(cap, `${letter.template}:${emailKey(letter.to.email)}`));
}

async function makeLinks(
  ctx: Context,
  delivery: Claimed,
  letter: Letter,
): Promise<Partial<Record<TokenName, string>> | undefined> {
  const { template, to } = letter;
  const names = templates[template].blocks.flatMap((block) =>
    typeof block === 'object' && 'token' in block && block.token ? [block.token] : [],
  );
  const now = ctx.clock.now();
  const made = names.map((name) => {
    const purpose = purposes[name](template);
    return { name, purpose, token: linkToken(ctx.keys, purpose, delivery.id) };
  });
  const isIssued = await transact(ctx.db, ctx.ring, async (trx) => {
    if (letter.template === 'reset-password' && !(await mayReset(trx, to.accountId as string, now))) return false;
    for (const { purpose, token } of made) {
      const owner = to.accountId === undefined ? { signUpId: to.signUpId as string } : { accountId: to.accountId };
      const isNew = await insertLink(
        trx,
        token,
        {
          purpose,
          ...owner,
          eventId: delivery.event_id,
          sentTo: to.email,
          expiresAt: plus(now, lifetime(ctx, purpose)),
        },
        now,
      );
      if (isNew && purpose === 'reset-password') {
        await record(
          trx,
          { type: 'password-reset.mailed', actor: { kind: 'system' }, accountId: to.accountId, detail: {} },
          now,
        );
      }
    }
    return true;
  });
  return isIssued ? Object.fromEntries(made.map(({ name, token }) => [name, token])) : undefined;
}

/** Asked again under the lock that a freeze takes, since the mail was written some time after it was asked for. */
async function mayReset(trx: Transaction<Database>, accountId: string, now: Date): Promise<boolean> {
  const passage = await pass(trx, accountId, 'reset-password', now);
  return passage !== undefined && passage.stoppedBy.length === 0;
}

function lifetime(ctx: Context, purpose: LinkPurpose): number {
  if (purpose === 'reset-password') return ctx.policy['reset.ttl'];
  return purpose === 'confirm-email' ? ctx.policy['signUp.ttl'] : ctx.policy['freezeLink.ttl'];
}

function sharedValues(ctx: Context, delivery: Claimed, account: string): SharedValues {
  return {
    publicUrl: ctx.config.publicUrl,
    service: ctx.config.serviceName,
    contact: ctx.config.supportContact,
    account,
    at: delivery.at,
    device: deviceName(delivery.user_agent),
    ip: delivery.ip ?? undefined,
  };
}

/** What templates say of the event itself. */
function eventValues(delivery: Claimed, ctx: Context): Partial<AnyValues> {
  const { detail } = delivery;
  return {
    expiresInSeconds: ctx.policy['reset.ttl'] / 1000,
    limit: ctx.policy['lockout.disableAt'],
    ...(typeof detail['until'] === 'string' ? { until: new Date(detail['until']) } : {}),
    ...(typeof detail['failures'] === 'number' ? { failures: detail['failures'] } : {}),
    ...(typeof detail['left'] === 'number' ? { left: detail['left'] } : {}),
    ...(typeof detail['scope'] === 'string' ? { scope: detail['scope'] as never } : {}),
    ...(typeof detail['source'] === 'string' ? { by: frozenBy(detail['source']) } : {}),
  };
}

function frozenBy(source: string): 'owner' | 'agent' | 'rule' {
  if (source === 'owner') return 'owner';
  return source === 'agent' || source === 'legal' ? 'agent' : 'rule';
}
