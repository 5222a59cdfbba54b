import pg from 'pg';

const CHANNEL = 'holdfast_deliveries';
const COALESCE_MS = 5;
const RECONNECT_MS = 1_000;

/** Tells all nodes that deliveries wait. What a lost ring misses, the worker's poll finds. */
export type Bell = {
  ring(): void;
  onRing(listener: () => void): void;
  close(): Promise<void>;
};

/**
 * NOTIFY goes out here, after commit and many rings as one: inside transactions it would serialise
 * every commit of the database behind one lock.
 */
export async function openBell(url: string, onError: (error: Error) => void): Promise<Bell> {
  const listeners: (() => void)[] = [];
  let client: pg.Client | undefined;
  let isClosed = false;
  let pending: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: url,
      application_name: 'holdfast-bell',
      connectionTimeoutMillis: 5_000,
    });
    next.on('notification', () => {
      for (const listener of listeners) listener();
    });
    next.on('error', onError);
    next.on('end', () => {
      client = undefined;
      if (!isClosed) setTimeout(() => void reconnect(), RECONNECT_MS).unref();
    });
    await next.connect();
    await next.query(`listen ${CHANNEL}`);
    client = next;
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
    ring() {
      pending ??= setTimeout(() => {
        pending = undefined;
        client?.query(`notify ${CHANNEL}`).catch(onError);
      }, COALESCE_MS);
    },
    onRing: (listener) => void listeners.push(listener),
    async close() {
      isClosed = true;
      clearTimeout(pending);
      await client?.end();
    },
  };
}
