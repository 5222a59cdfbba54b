import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { DeliveryError } from '../events/deliveries.ts';
import type { Helpdesk, Opened, TicketMessage } from './helpdesk.ts';

const TIMEOUT_MS = 15_000;
const MOST_BYTES = 64 * 1024;

const answer = z.object({
  ticketId: z.union([z.string(), z.number()]).transform(String),
  url: z.url({ protocol: /^https?$/ }).optional(),
});

/** The three headers of Standard Webhooks 1.0.0: the id stays over retries, time and signature are of this attempt. */
export function webhookHeaders(secret: string, id: string, at: Date, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

/** A helpdesk behind one signed webhook; a 2xx answer may name the ticket it made. Redirects are failures. */
export function webhookHelpdesk(url: string, secret: string): Helpdesk {
  async function post(type: string, id: string, message: TicketMessage, at: Date): Promise<string> {
    const body = JSON.stringify({ type, timestamp: at.toISOString(), data: message });
    const response = await send(
      url,
      { 'content-type': 'application/json', ...webhookHeaders(secret, id, at, body) },
      body,
    );
    const text = await readUpTo(response, MOST_BYTES);
    if (response.ok) return text;
    const retryAfter = Number(response.headers.get('retry-after'));
    throw new DeliveryError(`the helpdesk answered ${response.status}`, {
      isPermanent: response.status === 410,
      retryAfter: Number.isFinite(retryAfter) ? Math.min(retryAfter, 3600) * 1000 : undefined,
    });
  }

  return {
    open: async (id, message, at) => readOpened(await post('ticket.requested', id, message, at)),
    async comment(id, message, at) {
      await post('ticket.commented', id, message, at);
    },
  };
}

async function send(url: string, headers: Record<string, string>, body: string): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer';
    throw new DeliveryError(`the helpdesk cannot be reached: ${code}`);
  }
}

async function readUpTo(response: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > most) break;
      chunks.push(chunk);
    }
  } catch {
    // The status has been said; a body cut short is only a missing ticket number.
  }
  return Buffer.concat(chunks).toString();
}

function readOpened(text: string): Opened {
  try {
    const { ticketId, url } = answer.parse(JSON.parse(text));
    return { externalId: ticketId, url: url ?? null };
  } catch {
    return { externalId: null, url: null };
  }
}
