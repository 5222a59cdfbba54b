import { emailKey } from '../accounts/identifiers.ts';
import { findEnrolmentLetter } from '../agent-enrolment/offer.ts';
import type { Context } from '../context.ts';
import { type Claimed, copyDelivery } from '../events/deliveries.ts';
import type { Template } from './mail-values.ts';
import * as queries from './queries.ts';
import type { Addressing, Letter } from './recipients.ts';

/** Mails to who works here, by their template. */
export const staffLetters: Partial<Record<string, Addressing>> = {
  'staff-change-requested': addressAdmins,
  'staff-changed': addressAdmins,
  'staff-change-ended': addressAdmins,
  'own-access-changed': addressConcerned,
  'agent-enrolment': addressEnrolling,
};

/** Each by a delivery of their own: this one is for the first, or for whom it names. */
export async function nextOfStaff(
  ctx: Context,
  delivery: Claimed,
  which: 'all' | 'admins',
): Promise<Letter['to'] | undefined> {
  const { to: named, locale } = delivery.payload;
  if (typeof named === 'string') return { email: named, locale: locale === 'zh-CN' ? 'zh-CN' : 'en' };
  const [first, ...others] = await queries.listAgentMailboxes(ctx.db, which);
  for (const other of others) {
    const recipient = ctx.keys.pseudonym('notice-recipient', emailKey(other.email));
    const payload = { ...delivery.payload, to: other.email, locale: other.locale };
    await copyDelivery(ctx, delivery, recipient, payload);
  }
  return first;
}

async function addressAdmins(ctx: Context, delivery: Claimed): Promise<Letter | undefined> {
  const to = await nextOfStaff(ctx, delivery, 'admins');
  return to && { template: delivery.reaction as Template, to };
}

/** The agent whose access it is about, disabled or not. */
async function addressConcerned(ctx: Context, { payload }: Claimed): Promise<Letter | undefined> {
  const to = await queries.findAgentMailbox(ctx.db, String(payload['subjectId']));
  return to && { template: 'own-access-changed', to };
}

async function addressEnrolling(ctx: Context, { payload }: Claimed): Promise<Letter | undefined> {
  const letter = await findEnrolmentLetter(ctx, String(payload['subjectId']));
  if (!letter) return undefined;
  const { email, locale, ...values } = letter;
  return { template: 'agent-enrolment', to: { email, locale }, values };
}
