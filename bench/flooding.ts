import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Call, Connection, type Target } from './client.ts';
import type { Person } from './people.ts';

/** What came back, by status, and how many a second were sent. */
export type Flooded = { statuses: Map<number, number>; perSecond: number };
type Flood = { target: Target; people: readonly Person[]; perSecond: number; connections: number };

/** Begins in a thread of its own, so that what is measured beside it does not wait behind it here. */
export function startFlood(flood: Flood): { stop(): Promise<Flooded> } {
  const thread = new Worker(new URL(import.meta.url), { workerData: flood });
  return {
    async stop() {
      thread.postMessage('stop');
      const [flooded] = await once(thread, 'message');
      return flooded;
    },
  };
}

/** Strangers from everywhere try passwords, half of them on people there are: at a rate of their own, whatever is answered. */
async function pour({ target, people, perSecond, connections }: Flood): Promise<Flooded> {
  const statuses = new Map<number, number>();
  const began = performance.now();
  let sent = 0;
  let seconds: number | undefined;
  parentPort?.once('message', () => {
    seconds = (performance.now() - began) / 1000;
  });
  const lane = async () => {
    const connection = new Connection(target);
    while (seconds === undefined) {
      const dueIn = (sent / perSecond) * 1000 - (performance.now() - began);
      sent += 1;
      if (dueIn > 1) await new Promise((resolve) => setTimeout(resolve, dueIn));
      const { status } = await connection.send(guess(people));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, lane));
  return { statuses, perSecond: sent / (seconds ?? Number.NaN) };
}

function guess(people: readonly Person[]): Call {
  const known = people[randomInt(people.length)] as Person;
  const identifier = randomInt(2) === 0 ? known.identifier : `nobody-${randomUUID()}@example.com`;
  const ip = `172.${16 + randomInt(16)}.${randomInt(256)}.${randomInt(1, 255)}`;
  return { method: 'POST', path: '/v1/auth/sign-in', ip, body: { identifier, password: `guess ${randomUUID()}` } };
}

if (!isMainThread) parentPort?.postMessage(await pour(workerData));
