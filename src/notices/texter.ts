import type { Context } from '../context.ts';
import { webhookHeaders } from '../crypto/webhook-headers.ts';
import { DeliveryError } from '../events/deliveries.ts';

const TIMEOUT_MS = 15_000;

/** The texts an event can cause. */
export type TextName = 'phone-code' | 'phone-changed' | 'reset-scheduled' | 'reset-done' | 'sms-code';
/** `id` is the same for every try of one delivery. */
type Text = { id: string; to: string; text: string; kind: string };
export type Texter = { send(text: Text): Promise<void> };

/** Whether this installation can send texts: through the operator's hook, or in development onto the inbox page. */
export function canText({ config, inbox }: Pick<Context, 'config' | 'inbox'>): boolean {
  return config.smsHook !== undefined || inbox !== undefined;
}

export function openTexter(ctx: Context): Texter {
  const { smsHook } = ctx.config;
  if (smsHook) return { send: (text) => post(smsHook, text, ctx.clock.now()) };
  return {
    async send({ id, to, text, kind }) {
      if (!ctx.inbox) throw new DeliveryError('texts need SMS_HOOK_URL', { isPermanent: true });
      await ctx.inbox.put({ from: 'SMS', to, subject: kind, text, html: '', messageId: id });
    },
  };
}

/** One signed POST `{ to, text, kind }` (Standard Webhooks 1.0.0); any 2xx means that the text is on its way. */
async function post(hook: { url: string; secret: string }, { id, ...message }: Text, now: Date): Promise<void> {
  const body = JSON.stringify(message);
  const headers = { 'content-type': 'application/json', ...webhookHeaders(hook.secret, id, now, body) };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(hook.url, { method: 'POST', headers, body, redirect: 'manual', signal }).catch(() => {
    throw new DeliveryError('the SMS hook cannot be reached');
  });
  // The rest of the answer is of no interest; unread it would hold the connection.
  await response.body?.cancel();
  if (response.ok) return;
  throw new DeliveryError(`the SMS hook answered ${response.status}`, { isPermanent: response.status === 410 });
}
