import { phoneCode } from '../contacts/phone-code.ts';
import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import type { Claimed } from '../events/deliveries.ts';
import { type Locale, text } from '../languages/languages.ts';
import { formatDuration } from '../languages/times.ts';
import { insertLink, linkToken } from '../links/links.ts';
import { smsCode } from '../sms-factor/sms-code.ts';
import { plus, secondsUntil } from '../time.ts';
import { takeNotice, textCaps } from './caps.ts';
import { pageUrl } from './compose.ts';
import * as queries from './queries.ts';
import { writeResetDone, writeResetScheduled } from './reset-texts.ts';
import type { Texter, TextName } from './texter.ts';

type Message = { to: string; text: string; kind: TextName | 'phone-in-use' };

const messages: Record<TextName, (ctx: Context, delivery: Claimed) => Promise<Message | undefined>> = {
  'phone-code': writeCode,
  'phone-changed': writeChanged,
  'sms-code': writeSmsCode,
  'reset-scheduled': writeResetScheduled,
  'reset-done': writeResetDone,
};

/** Writes and sends the text of one delivery. Code and links are made here, in the worker: their plaintext is only in it. */
export async function deliverText(ctx: Context, texter: Texter, delivery: Claimed): Promise<void> {
  const name = delivery.reaction as TextName;
  const message = await messages[name](ctx, delivery);
  if (!message) return;
  await takeNotice(ctx, textCaps[name], message.to, delivery);
  await texter.send({ id: delivery.id, ...message });
}

/** To the new number: the code, or where the number is another account's a word to its holder. */
async function writeCode(ctx: Context, delivery: Claimed): Promise<Message | undefined> {
  const now = ctx.clock.now();
  const change = await queries.findWaitingChange(ctx.db, String(delivery.payload['subjectId']), now);
  const account = change && (await queries.findRecipient(ctx.db, change.account_id));
  if (!change || !account) return undefined;
  if (
    delivery.attempts === 1 &&
    !(await ctx.limits.take('text-recipient', ctx.keys.pseudonym('text-cap', change.new_key)))
  )
    return undefined;
  const holder = await queries.findRecipientByIdentifier(ctx.db, change.new_key, now);
  const service = ctx.config.serviceName;
  const to = change.new_value;
  if (holder && holder.id !== account.id)
    return { to, kind: 'phone-in-use', text: text(holder.locale, 'text.phone-in-use', { service }) };
  const expiresIn = lifetime(ctx, account.locale);
  const code = phoneCode(ctx.keys, change.id);
  return { to, kind: 'phone-code', text: text(account.locale, 'text.phone-code', { service, code, expiresIn }) };
}

function lifetime(ctx: Context, locale: Locale): string {
  return formatDuration(locale, ctx.policy['contacts.phoneCodeTtl'] / 1000);
}

/** To the old number, where there was one: what happened, and two links. */
async function writeChanged(ctx: Context, delivery: Claimed): Promise<Message | undefined> {
  const now = ctx.clock.now();
  const change = await queries.findUndoableChange(ctx.db, String(delivery.payload['subjectId']), now);
  const account = change && (await queries.findRecipient(ctx.db, change.account_id));
  if (!change?.old_value || !change.undo_until || !account) return undefined;
  const undoToken = linkToken(ctx.keys, 'undo-contact-change', delivery.id);
  const freezeToken = linkToken(ctx.keys, 'freeze-account', delivery.id);
  const link = { accountId: account.id, eventId: delivery.event_id, sentTo: change.old_value, subjectId: change.id };
  const { undo_until: undoUntil } = change;
  const freezeUntil = plus(now, ctx.policy['freezeLink.ttl']);
  await transact(ctx.db, ctx.ring, async (trx) => {
    await insertLink(trx, undoToken, { ...link, purpose: 'undo-contact-change', expiresAt: undoUntil }, now);
    await insertLink(trx, freezeToken, { ...link, purpose: 'freeze-account', expiresAt: freezeUntil }, now);
  });
  const { publicUrl, serviceName: service } = ctx.config;
  const links = { undo: pageUrl(publicUrl, 'undo', undoToken), freeze: pageUrl(publicUrl, 'freeze', freezeToken) };
  return {
    to: change.old_value,
    kind: 'phone-changed',
    text: text(account.locale, 'text.phone-changed', { service, ...links }),
  };
}

/** To the number that is the factor, or is to be: the code, with the site it is for as its last line (W3C origin-bound codes). */
async function writeSmsCode(ctx: Context, delivery: Claimed): Promise<Message | undefined> {
  const now = ctx.clock.now();
  const asked = await queries.findSmsCode(ctx.db, String(delivery.payload['subjectId']), now);
  if (!asked) return undefined;
  const { publicUrl, serviceName: service } = ctx.config;
  const code = smsCode(ctx.keys, asked.id);
  const expiresIn = formatDuration(asked.locale, secondsUntil(asked.expires_at, now));
  const words = text(asked.locale, 'text.sms-code', { service, code, expiresIn });
  return { to: asked.phone, kind: 'sms-code', text: `${words}\n\n@${new URL(publicUrl).hostname} #${code}` };
}
