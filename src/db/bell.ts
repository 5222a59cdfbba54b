import pg from 'pg';

const COALESCE_MS = 5;
const RECONNECT_MS = 1_000;

/** What a node can be waiting for: deliveries to bring, revocations to tell verifiers, or keys that changed. */
const topics = ['deliveries', 'revocations', 'keys'] as const;
export type Topic = (typeof topics)[number];
const channelOf = (topic: Topic) => `holdfast_${topic}`;

/** Tells all nodes that something of this topic was committed. What a lost ring misses, whoever waits finds by polling. */
export type Bell = {
  ring(topic: Topic): void;
  onRing(topic: Topic, listener: () => void): void;
  close(): Promise<void>;
};

/**
 * NOTIFY goes out here, after commit and many rings as one: inside transactions it would serialise
 * every commit of the database behind one lock.
 */
export async function openBell(url: string, name: string, onError: (error: Error) => void): Promise<Bell> {
  const listeners = new Map<string, (() => void)[]>();
  let client: pg.Client | undefined;
  let isClosed = false;
  const pending = new Map<Topic, NodeJS.Timeout>();
  /** One after the other: a connection takes one statement at a time. */
  let sending: Promise<unknown> = Promise.resolve();

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: url,
      application_name: `holdfast-bell ${name}`,
      connectionTimeoutMillis: 5_000,
    });
    next.on('notification', ({ channel }) => {
      for (const listener of listeners.get(channel) ?? []) listener();
    });
    next.on('error', onError);
    next.on('end', () => {
      client = undefined;
      if (!isClosed) setTimeout(() => void reconnect(), RECONNECT_MS).unref();
    });
    await next.connect();
    for (const topic of topics) await next.query(`listen ${channelOf(topic)}`);
    client = next;
    // What was rung while nobody listened: whoever waits looks for it now.
    for (const waiting of listeners.values()) for (const listener of waiting) listener();
  }

  async function reconnect(): Promise<void> {
    if (isClosed) return;
    try {
      await connect();
    } catch (error) {
      onError(error as Error);
    }
  }

  await connect();
  return {
    ring(topic) {
      if (pending.has(topic)) return;
      const send = () => {
        pending.delete(topic);
        sending = sending.then(() => client?.query(`notify ${channelOf(topic)}`)).catch(onError);
      };
      pending.set(topic, setTimeout(send, COALESCE_MS));
    },
    onRing(topic, listener) {
      listeners.set(channelOf(topic), [...(listeners.get(channelOf(topic)) ?? []), listener]);
    },
    async close() {
      isClosed = true;
      for (const timer of pending.values()) clearTimeout(timer);
      await sending;
      await client?.end();
    },
  };
}
