import { type Load, load, median, quantile } from './load.ts';
import { cpuMs } from './usage.ts';

/** One of the two things compared: its load, the process that answers it, and what else goes on meanwhile. */
export type Side = Load & { pid: number; beside?: (ms: number) => Promise<unknown> };
export type Measured = { perSecond: number; p50: number; p99: number; nodeMs: number; databaseMs: number };
export type Compared = { ours: Measured; floor: Measured; ratio: number; low: number; high: number };
export type Pace = { rounds: number; roundMs: number; warmUpMs: number };

/**
 * Measures both sides in turn, A B B A …, and compares what was measured side by side: what else the machine does comes and
 * goes within seconds, and hits both of a pair alike. The ratio is the median of all pairs; half of them lie between `low`
 * and `high`.
 */
export async function compare(ours: Side, floor: Side, databasePid: number, pace: Pace): Promise<Compared> {
  for (const side of [ours, floor]) await measure(side, databasePid, pace.warmUpMs);
  const rounds: { ours: Measured; floor: Measured }[] = [];
  for (let round = 0; round < pace.rounds; round += 1) {
    const oursFirst = round % 2 === 0;
    const first = await measure(oursFirst ? ours : floor, databasePid, pace.roundMs);
    const second = await measure(oursFirst ? floor : ours, databasePid, pace.roundMs);
    rounds.push(oursFirst ? { ours: first, floor: second } : { ours: second, floor: first });
  }
  const ratios = rounds.map((pair) => pair.ours.perSecond / pair.floor.perSecond).sort((a, b) => a - b);
  const result = { ours: medians(rounds.map((pair) => pair.ours)), floor: medians(rounds.map((pair) => pair.floor)) };
  return {
    ...result,
    ratio: median(ratios),
    low: quantile(ratios, 0.25),
    high: quantile(ratios, 0.75),
  };
}

async function measure(side: Side, databasePid: number, ms: number): Promise<Measured> {
  const before = readCpu(side.pid, databasePid);
  const [result] = await Promise.all([load(side, ms), side.beside?.(ms)]);
  const after = readCpu(side.pid, databasePid);
  return {
    perSecond: result.perSecond,
    p50: result.p50,
    p99: result.p99,
    nodeMs: (after.node - before.node) / result.count,
    databaseMs: (after.database - before.database) / result.count,
  };
}

function readCpu(pid: number, databasePid: number) {
  return { node: cpuMs(pid, { withChildren: false }), database: cpuMs(databasePid, { withChildren: true }) };
}

function medians(all: readonly Measured[]): Measured {
  const of = (name: keyof Measured) => median(all.map((one) => one[name]));
  return {
    perSecond: of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    nodeMs: of('nodeMs'),
    databaseMs: of('databaseMs'),
  };
}
