import { findApiKey } from '../api-keys/api-keys.ts';
import type { Context } from '../context.ts';
import { Problem } from '../problem.ts';
import { MINUTE, plus, SECOND } from '../time.ts';
import { type Cursor, formatCursor, isResumable, parseCursor } from './cursor.ts';
import type { Listener } from './feed.ts';
import { openOutlet } from './outlet.ts';
import type { Revocation } from './rules.ts';

const RETRY_MS = SECOND;
/** How far behind a client may be and still miss nothing; a verifier needs minutes, who keeps books needs more. */
const RESUMABLE = 24 * 60 * MINUTE;
/** Clocks that differ: tokens are accepted that much before their time. */
const SKEW = MINUTE;
const MOST_WAITING = 20_000;

type Request = {
  apiKey: { id: string; token: string };
  /** The client's `Last-Event-ID`. */
  lastEventId: string | undefined;
  /** Drops the connection under a reader that does not read. */
  cut(): void;
};

/**
 * Server-sent events: every revocation after `lastEventId`, at least once; without one, all that a live token could
 * fall under. `ready` says that what came before is told, and each heartbeat that everything up to it is. Throws
 * `too-many-requests` for more streams than a key may have.
 */
export async function openStream(ctx: Context, request: Request): Promise<ReadableStream<Uint8Array>> {
  const { apiKey } = request;
  const feed = ctx.revocations;
  if (feed.countOf(apiKey.id) >= ctx.policy['limits.streamsPerKey']) {
    throw new Problem('too-many-requests', { retryAfter: 60 });
  }
  const heartbeat = ctx.policy['revocations.heartbeat'];
  const waiting: { revocations: Revocation[]; cursor: Cursor }[] = [];
  let countWaiting = 0;
  let isLive = false;
  let told: { cursor: Cursor; when: number } | undefined;

  const outlet = openOutlet({
    cut: request.cut,
    onEnd() {
      clearInterval(pulse);
      feed.leave(listener);
    },
  });
  const listener: Listener = {
    owner: apiKey.id,
    tell(revocations, cursor) {
      told = { cursor, when: performance.now() };
      if (revocations.length === 0) return;
      if (isLive) return outlet.write(messages(revocations) + position(cursor));
      countWaiting += revocations.length;
      if (countWaiting > MOST_WAITING) return outlet.cut();
      waiting.push({ revocations, cursor });
    },
    end: outlet.end,
  };

  /** Only what was read from the database lately makes a heartbeat: a blind node must not look like a quiet one. */
  async function beat(): Promise<void> {
    const key = await findApiKey(ctx, apiKey.token);
    if (!key?.scopes.includes('sessions:read')) return outlet.end();
    if (isLive && told && performance.now() - told.when < heartbeat) outlet.write(`:\n${position(told.cursor)}`);
  }

  async function begin(current: Cursor): Promise<void> {
    const given = request.lastEventId;
    const cursor = given === undefined ? undefined : parseCursor(given);
    const from = cursor && isResumable(cursor, current, RESUMABLE) ? cursor : undefined;
    const window = ctx.policy['access.ttl'] + SKEW;
    outlet.write(`retry: ${RETRY_MS}\n\n`);
    if (given !== undefined && !from) outlet.write(named('reset', {}));
    const backlog = from ? feed.after(from) : feed.since(plus(current.at, -window));
    for await (const revocations of backlog) {
      if (outlet.isOver()) return;
      outlet.write(messages(revocations));
      await outlet.room();
    }
    for (const { revocations } of waiting.splice(0)) outlet.write(messages(revocations));
    isLive = true;
    outlet.write(named('ready', { heartbeatMs: heartbeat, windowMs: window }) + position(told?.cursor ?? current));
  }

  const pulse = setInterval(() => {
    beat().catch((error) => ctx.log.warn({ err: error }, 'no heartbeat'));
  }, heartbeat).unref();
  try {
    const current = await feed.join(listener);
    begin(current).catch((error) => {
      ctx.log.warn({ err: error }, 'revocations not told');
      outlet.cut();
    });
  } catch (error) {
    outlet.end();
    throw error;
  }
  return outlet.stream;
}

/** Without an id of their own: only the position behind a whole batch may be returned to. */
function messages(revocations: Revocation[]): string {
  return revocations
    .map((one) => ('keyId' in one ? named('key-revoked', one) : `data: ${JSON.stringify(one)}\n\n`))
    .join('');
}

function named(event: 'ready' | 'reset' | 'key-revoked', data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function position(cursor: Cursor): string {
  return `id: ${formatCursor(cursor)}\n\n`;
}
