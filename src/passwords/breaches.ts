import { createHash } from 'node:crypto';
import { plus, SECOND } from '../time.ts';

const TIMEOUT = 1 * SECOND;
/** After a failure nobody waits for the service again for so long. */
const REST = 30 * SECOND;
const MOST_BYTES = 512 * 1024;
const LINE = /^([0-9A-F]{35}):(\d+)$/i;

/** `unknown`: there was no answer that could be read; ask again another time. */
type Exposure = 'exposed' | 'clear' | 'unknown';
export type BreachList = { look(password: string, now: Date): Promise<Exposure> };

/**
 * Asks a list of breached passwords by the range protocol of Have I Been Pwned: five hexadecimal digits of a SHA-1 leave
 * this process, padded answers keep their number from telling which. Never throws, and never takes more than a second:
 * what is down or slow refuses nobody (ASVS 6.2.12).
 */
export function openBreachList(rangeUrl: string): BreachList {
  let restsUntil = new Date(0);
  return {
    async look(password, now) {
      if (now < restsUntil) return 'unknown';
      const digest = createHash('sha1').update(password).digest('hex').toUpperCase();
      const suffixes = await fetchRange(rangeUrl, digest.slice(0, 5)).catch(() => undefined);
      if (!suffixes) {
        restsUntil = plus(now, REST);
        return 'unknown';
      }
      return suffixes.has(digest.slice(5)) ? 'exposed' : 'clear';
    },
  };
}

/** The suffixes that were seen at least once; undefined for an answer that is not of the protocol. */
async function fetchRange(rangeUrl: string, prefix: string): Promise<Set<string> | undefined> {
  const response = await fetch(`${rangeUrl.replace(/\/*$/, '/')}${prefix}`, {
    headers: { 'add-padding': 'true', 'user-agent': 'Holdfast', accept: 'text/plain' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    return undefined;
  }
  return readRange(await readUpTo(response));
}

function readRange(text: string | undefined): Set<string> | undefined {
  const lines = text?.split(/\r?\n/).filter((line) => line !== '') ?? [];
  const entries = lines.map((line) => LINE.exec(line));
  if (entries.length === 0 || entries.includes(null)) return undefined;
  // A line that was seen no time is padding.
  const seen = entries.filter((entry) => Number(entry?.[2]) > 0);
  return new Set(seen.map((entry) => (entry?.[1] ?? '').toUpperCase()));
}

async function readUpTo(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}
