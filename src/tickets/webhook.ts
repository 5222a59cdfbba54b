import { z } from 'zod';
import { webhookHeaders } from '../crypto/webhook-headers.ts';
import { DeliveryError } from '../events/deliveries.ts';
import { HOUR, SECOND } from '../time.ts';
import type { Helpdesk, Opened, Telling } from './helpdesk.ts';

const TIMEOUT_MS = 15_000;
const MOST_BYTES = 64 * 1024;

const answer = z.object({
  ticketId: z.union([z.string(), z.number()]).transform(String),
  url: z.url({ protocol: /^https?$/ }).optional(),
});

/** A helpdesk behind one signed webhook; a 2xx answer may name the ticket it made. Redirects are failures. */
export function webhookHelpdesk(url: string, secret: string): Helpdesk {
  async function post(type: string, { id, message, happenedAt, now }: Telling): Promise<string> {
    const body = JSON.stringify({ type, timestamp: happenedAt.toISOString(), data: message });
    const response = await send(
      url,
      { 'content-type': 'application/json', ...webhookHeaders(secret, id, now, body) },
      body,
    );
    const text = await readUpTo(response, MOST_BYTES);
    if (response.ok) return text;
    throw new DeliveryError(`the helpdesk answered ${response.status}`, {
      isPermanent: response.status === 410,
      retryAfter: readRetryAfter(response.headers.get('retry-after'), now),
    });
  }

  return {
    open: async (telling) => readOpened(await post('ticket.requested', telling)),
    async comment(telling) {
      await post('ticket.commented', telling);
    },
  };
}

/** Milliseconds, from seconds or a date (RFC 9110 10.2.3); never so long that an urgent ticket is forgotten. */
function readRetryAfter(header: string | null, now: Date): number | undefined {
  const wait = /^\d+$/.test(header ?? '') ? Number(header) * SECOND : Date.parse(header ?? '') - now.getTime();
  return Number.isNaN(wait) ? undefined : Math.min(wait, HOUR);
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
    const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no answer';
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
