import { type Message, readMessages } from './messages.ts';
import { quietly, wait } from './timers.ts';

export type Revocation = { accountId: string; sessionId?: string; at: string; reason: string };
export type Ready = { heartbeatMs: number; windowMs: number };

export type Follower = {
  /** Opens the stream behind this place, or anew. */
  open(lastEventId: string | undefined, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  onRevocation(revocation: Revocation): void;
  /** Nothing that this key signed counts any more. */
  onKeyRevoked(keyId: string): void;
  /** All that came before is told. */
  onReady(ready: Ready): void;
  /** Everything committed until a moment ago is told. */
  onPosition(): void;
  /** The stream ended or failed, and is being opened again. */
  onBroken(error: unknown): void;
};

const FIRST_SILENCE_MS = 15_000;
const LEAST_SILENCE_MS = 2_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Follows the stream until `signal` ends it: each time it breaks or falls silent, on from where it was, so that nothing
 * is missed. Pauses grow and are random, so that a thousand followers do not come back at once.
 */
export async function follow(follower: Follower, signal: AbortSignal): Promise<void> {
  let lastEventId: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await followOnce(follower, signal, lastEventId, (id) => {
        lastEventId = id;
        failures = 0;
      });
      follower.onBroken(undefined);
    } catch (error) {
      if (!signal.aborted) follower.onBroken(error);
    }
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
    failures += 1;
    await wait(longest * Math.random(), signal);
  }
}

async function followOnce(
  follower: Follower,
  signal: AbortSignal,
  from: string | undefined,
  keep: (id: string) => void,
): Promise<void> {
  const silence = new AbortController();
  let longest = FIRST_SILENCE_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = quietly(setTimeout(() => silence.abort(new Error('the stream fell silent')), longest));
  };
  heard();
  let isReady = false;
  try {
    const stream = await follower.open(from, AbortSignal.any([signal, silence.signal]));
    for await (const message of readMessages(stream)) {
      if (message.event === 'ready') {
        const ready = JSON.parse(message.data ?? '{}') as Ready;
        longest = Math.max(3 * ready.heartbeatMs, LEAST_SILENCE_MS);
        isReady = true;
        follower.onReady(ready);
      }
      heard();
      tell(follower, message);
      if (message.id === undefined || !isReady) continue;
      keep(message.id);
      follower.onPosition();
    }
  } finally {
    clearTimeout(timer);
  }
}

function tell(follower: Follower, { event, data }: Message): void {
  if (data === undefined) return;
  if (event === 'message') follower.onRevocation(JSON.parse(data) as Revocation);
  if (event === 'key-revoked') follower.onKeyRevoked((JSON.parse(data) as { keyId: string }).keyId);
}
