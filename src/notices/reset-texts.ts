import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { type Claimed, copyDelivery } from '../events/deliveries.ts';
import { type Locale, text } from '../languages/languages.ts';
import { formatInstant } from '../languages/times.ts';
import { insertLink, linkToken } from '../links/links.ts';
import { plus } from '../time.ts';
import { pageUrl } from './compose.ts';
import * as queries from './queries.ts';
import { canText } from './texter.ts';

type Message = { to: string; text: string; kind: 'reset-scheduled' | 'reset-done' };
type Recipient = { to: string; accountId: string; locale: Locale };

/** That support will take the second factor away and when, with a link that vetoes it and one that freezes. */
export async function writeResetScheduled(ctx: Context, delivery: Claimed): Promise<Message | undefined> {
  const recipient = await findPhone(ctx, delivery);
  const subjectId = String(delivery.payload['subjectId']);
  const dueAt = recipient && (await queries.findVetoable(ctx.db, subjectId));
  if (!recipient || !dueAt) return undefined;
  const until = plus(dueAt, ctx.policy['freezeLink.ttl']);
  const veto = await makeLink(ctx, delivery, recipient, { purpose: 'veto', subjectId, expiresAt: until });
  const freeze = await makeFreezeLink(ctx, delivery, recipient);
  const at = formatInstant(recipient.locale, dueAt);
  const service = ctx.config.serviceName;
  const words = text(recipient.locale, 'text.reset-scheduled', { service, at, veto, freeze });
  return { to: recipient.to, kind: 'reset-scheduled', text: words };
}

/** That it is done, with a link that freezes. */
export async function writeResetDone(ctx: Context, delivery: Claimed): Promise<Message | undefined> {
  const recipient = await findPhone(ctx, delivery);
  if (!recipient) return undefined;
  const freeze = await makeFreezeLink(ctx, delivery, recipient);
  const words = text(recipient.locale, 'text.reset-done', { service: ctx.config.serviceName, freeze });
  return { to: recipient.to, kind: 'reset-done', text: words };
}

/** The account's number, after a delivery of its own for each that it had lately; undefined where there is nothing to text. */
async function findPhone(ctx: Context, delivery: Claimed): Promise<Recipient | undefined> {
  const account = delivery.account_id ? await queries.findRecipient(ctx.db, delivery.account_id) : undefined;
  if (!account || !canText(ctx)) return undefined;
  const recipient = { accountId: account.id, locale: account.locale };
  const { to } = delivery.payload;
  if (typeof to === 'string') return { ...recipient, to };
  const { current, former } = await queries.listPhones(ctx.db, account.id, delivery.at);
  for (const phone of former) {
    const pseudonym = ctx.keys.pseudonym('text-recipient', phone);
    await copyDelivery(ctx, delivery, pseudonym, { ...delivery.payload, to: phone });
  }
  return current === undefined ? undefined : { ...recipient, to: current };
}

function makeFreezeLink(ctx: Context, delivery: Claimed, recipient: Recipient): Promise<string> {
  const expiresAt = plus(ctx.clock.now(), ctx.policy['freezeLink.ttl']);
  return makeLink(ctx, delivery, recipient, { purpose: 'freeze-account', expiresAt });
}

type Link = { purpose: 'veto' | 'freeze-account'; subjectId?: string; expiresAt: Date };

async function makeLink(
  ctx: Context,
  delivery: Claimed,
  { to, accountId }: Recipient,
  { purpose, ...link }: Link,
): Promise<string> {
  const token = linkToken(ctx.keys, purpose, delivery.id);
  const made = { purpose, accountId, eventId: delivery.event_id, sentTo: to, ...link };
  await transact(ctx.db, ctx.ring, (trx) => insertLink(trx, token, made, ctx.clock.now()));
  return pageUrl(ctx.config.publicUrl, purpose === 'veto' ? 'veto' : 'freeze', token);
}
