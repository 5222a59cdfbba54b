import { mailboxKey } from '../accounts/identifiers.ts';
import type { Context } from '../context.ts';
import { type Claimed, DeliveryError } from '../events/deliveries.ts';
import { mailCap, takeNotice } from './caps.ts';
import { deviceName } from './device-name.ts';
import { MailError } from './mail-error.ts';
import { makeLinks } from './mail-links.ts';
import type { AnyValues, MailValues, SharedValues, Template } from './mail-values.ts';
import type { Mailer } from './mailer.ts';
import * as queries from './queries.ts';
import { address, copyToOthers, type Letter } from './recipients.ts';
import { renderMail } from './render.ts';

const confirming: readonly Template[] = ['confirm-new-email', 'confirm-notice-address'];

/** Writes and sends the mail of one delivery. Links are made here, in the worker: their plaintext is only in the mail. */
export async function deliverMail(ctx: Context, mailer: Mailer, delivery: Claimed): Promise<void> {
  await copyToOthers(ctx, delivery);
  const letter = await address(ctx, delivery);
  if (!letter || (await isOverCap(ctx, letter, delivery))) return;
  const tokens = await makeLinks(ctx, delivery, letter);
  if (!tokens) return;
  const reference = delivery.case_id ? await queries.findCaseReference(ctx.db, delivery.case_id) : undefined;
  const values = {
    ...sharedValues(ctx, delivery, letter.to.email),
    caseReference: reference,
    ...delivery.payload,
    ...eventValues(delivery, ctx, letter.template),
    ...letter.values,
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

async function isOverCap(ctx: Context, letter: Letter, delivery: Claimed): Promise<boolean> {
  const cap = mailCap(letter.template);
  const mailbox = mailboxKey(letter.to.email);
  await takeNotice(ctx, cap, mailbox, delivery);
  if (cap.past !== 'dropped' || delivery.attempts > 1) return false;
  // Each kind with a count of its own: one must not silence another.
  return !(await ctx.limits.take(cap.recipient, ctx.keys.pseudonym(`mail-cap:${letter.template}`, mailbox)));
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
function eventValues(delivery: Claimed, ctx: Context, template: Template): Partial<AnyValues> {
  const { detail } = delivery;
  return {
    expiresInSeconds: ctx.policy[confirming.includes(template) ? 'contacts.confirmTtl' : 'reset.ttl'] / 1000,
    limit: ctx.policy[template === 'totp-warning' ? 'totp.disableAt' : 'lockout.disableAt'],
    ...(detail['isPasswordDisabled'] === true ? { passwordDisabled: true } : {}),
    ...(typeof detail['until'] === 'string' ? { until: new Date(detail['until']) } : {}),
    ...(typeof detail['failures'] === 'number' ? { failures: detail['failures'] } : {}),
    ...(typeof detail['left'] === 'number' ? { left: detail['left'] } : {}),
    ...(typeof detail['scope'] === 'string' ? { scope: detail['scope'] as never } : {}),
    changed: delivery.event_type.split('.')[0] ?? '',
    newContact: String(detail['to'] ?? detail['address'] ?? ''),
    ...(typeof detail['source'] === 'string' ? { by: frozenBy(detail['source']) } : {}),
  };
}

function frozenBy(source: string): 'owner' | 'agent' | 'rule' {
  if (source === 'owner') return 'owner';
  return source === 'agent' || source === 'legal' ? 'agent' : 'rule';
}
