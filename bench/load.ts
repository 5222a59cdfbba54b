import { type Call, Connection, type Reply, type Target } from './client.ts';

/** What the connection numbered `lane` asks next, and what it does with the answer. */
export type Work = { next(lane: number): Call; take?(lane: number, reply: Reply): void };
export type Load = { target: Target; work: Work; connections: number };
export type Result = { count: number; perSecond: number; p50: number; p99: number };

/** Keeps `connections` requests in flight for `ms`. Any answer but a 200 ends the whole run: it measured something else. */
export async function load({ target, work, connections }: Load, ms: number): Promise<Result> {
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + ms;
  const lanes = Array.from({ length: connections }, (_, lane) => runLane(target, work, lane, until, latencies));
  await Promise.all(lanes);
  const seconds = (performance.now() - started) / 1000;
  const sorted = latencies.sort((a, b) => a - b);
  return {
    count: sorted.length,
    perSecond: sorted.length / seconds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
  };
}

async function runLane(target: Target, work: Work, lane: number, until: number, latencies: number[]): Promise<void> {
  const connection = new Connection(target);
  try {
    while (performance.now() < until) {
      const call = work.next(lane);
      const began = performance.now();
      const reply = await connection.send(call);
      latencies.push(performance.now() - began);
      if (reply.status !== 200) throw new Error(`${call.method} ${call.path}: ${reply.status} ${reply.body}`);
      work.take?.(lane, reply);
    }
  } finally {
    connection.close();
  }
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
