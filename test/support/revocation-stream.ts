import type { Harness } from './harness.ts';

export type Entry = { accountId: string; sessionId?: string; at: string; reason: string };
export type Reader = {
  status: number;
  headers: Headers;
  entries: Entry[];
  /** The named events, by the order of their coming. */
  events: { name: string; data: unknown }[];
  heartbeats(): number;
  lastEventId(): string | undefined;
  /** Until this holds; looked at after whatever comes. */
  until(isDone: () => boolean): Promise<void>;
  ended: Promise<void>;
  cut(): Promise<void>;
};

type Ask = { lastEventId?: string | undefined; fetch?: (path: string, init: RequestInit) => Promise<Response> };

/** Reads the stream as its format says (WHATWG HTML 9.2), with nothing of the client's own. */
export async function readStream(h: Harness | undefined, key: string, ask: Ask = {}): Promise<Reader> {
  const headers = {
    authorization: `Bearer ${key}`,
    ...(ask.lastEventId === undefined ? {} : { 'last-event-id': ask.lastEventId }),
  };
  const call = ask.fetch ?? (async (path, init) => await (h as Harness).instance.app.request(path, init));
  const response = await call('/v1/server/revocations', { headers });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const entries: Entry[] = [];
  const events: Reader['events'] = [];
  let heartbeats = 0;
  let lastEventId: string | undefined;
  let waiting: (() => void)[] = [];

  function take(block: string): void {
    const fields = block.split('\n').map((line) => /^([a-z]*):? ?(.*)$/.exec(line) ?? []);
    const of = (name: string) => fields.find(([, field]) => field === name)?.[2];
    lastEventId = of('id') ?? lastEventId;
    if (of('') !== undefined) heartbeats += 1;
    const data = of('data');
    if (data === undefined) return;
    const name = of('event');
    if (name === undefined) entries.push(JSON.parse(data));
    else events.push({ name, data: JSON.parse(data) });
  }

  async function pump(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
      if (done) break;
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) take(block);
      for (const look of waiting) look();
    }
  }
  const ended = response.status === 200 ? pump() : Promise.resolve();

  return {
    status: response.status,
    headers: response.headers,
    entries,
    events,
    heartbeats: () => heartbeats,
    lastEventId: () => lastEventId,
    async until(isDone) {
      if (isDone()) return;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const look = () => isDone() && resolve();
      waiting.push(look);
      void ended.then(() => reject(new Error('the stream ended before')));
      await promise;
      waiting = waiting.filter((each) => each !== look);
    },
    ended,
    async cut() {
      await reader.cancel();
      await ended;
    },
  };
}

/** A stream that has told what came before. */
export async function readyStream(h: Harness | undefined, key: string, ask: Ask = {}): Promise<Reader> {
  const stream = await readStream(h, key, ask);
  await stream.until(() => stream.events.some(({ name }) => name === 'ready'));
  return stream;
}
