import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from './server.ts';

export type Supervised = { stop(): Promise<void> };

const firstPause = 100;
const longestPause = 2_000;
const steadyAfter = 10_000;
const patience = 10_000;

/** Starts Postgres again whenever it ends by itself, at the same address; pauses grow while it does not hold. */
export async function keepRunning(launch: () => Promise<Server>): Promise<Supervised> {
  let server = await launchFirst(launch);
  const stopping = new AbortController();
  const { signal } = stopping;

  async function watch(): Promise<void> {
    for (let pause = firstPause; !signal.aborted; pause = Math.min(pause * 2, longestPause)) {
      const since = performance.now();
      await server.exited;
      if (performance.now() - since > steadyAfter) pause = firstPause;
      await sleep(pause, undefined, { signal }).catch(() => {});
      // Where the launch fails, the server of before has ended already: the next turn comes at once, with a longer pause.
      if (!signal.aborted) server = await launch().catch(() => server);
    }
    await server.stop();
  }

  const watching = watch();
  return {
    async stop() {
      stopping.abort();
      await server.stop();
      await watching;
    },
  };
}

/** The processes of a killed Postgres need a moment to end; until then a new one refuses the data. */
async function launchFirst(launch: () => Promise<Server>): Promise<Server> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await launch();
    } catch (error) {
      const passes = /already exists|still in use/.test((error as Error).message);
      if (!passes || performance.now() > deadline) throw error;
      await sleep(firstPause);
    }
  }
}
