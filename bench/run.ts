/** What must be fast, against the least that does the same work, on one machine in one run. `--quick` takes two minutes. */
import { availableParallelism, loadavg } from 'node:os';
import { compareUnderFlood } from './flood.ts';
import { signAllIn } from './people.ts';
import { introspect, type Pair, readMe, signIn, signInFromNewBrowser } from './requests.ts';
import { type Compared, compare, type Pace } from './rounds.ts';
import { openStage, type Stage } from './stage.ts';
import { measureProcess, measureStartUp } from './start-up.ts';
import { costHeading, costRows, limitRow, type Row, ratioRow, renderRows, renderTable } from './table.ts';
import { memoryMiB } from './usage.ts';

const FEW = 4;
const isQuick = process.argv.includes('--quick');
const warmUpMs = isQuick ? 6_000 : 8_000;
/** The shorter a round, the more alike both of a pair are served; but a sign-in takes a while, and so does a flood. */
const paces: Record<'check' | 'sign-in' | 'flood', Pace> = isQuick
  ? {
      check: { rounds: 12, roundMs: 300, warmUpMs },
      'sign-in': { rounds: 6, roundMs: 600, warmUpMs },
      flood: { rounds: 3, roundMs: 1_000, warmUpMs },
    }
  : {
      check: { rounds: 50, roundMs: 300, warmUpMs },
      'sign-in': { rounds: 20, roundMs: 800, warmUpMs },
      flood: { rounds: 8, roundMs: 2_000, warmUpMs },
    };
const population = isQuick ? 96 : 384;
const starts = isQuick ? 2 : 7;

const rows: Row[] = [];
const costs: string[][] = [costHeading];
const began = performance.now();

function say(text: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
}

async function against(stage: Stage, what: string, { ours, floor }: Pair, pace: Pace, least?: number): Promise<void> {
  say(what);
  const compared: Compared = await compare(ours, floor, stage.databasePid, pace);
  rows.push(ratioRow(`${what} / floor`, compared, least));
  costs.push(...costRows(what, compared));
}

async function flooded(stage: Stage, what: string, { ours }: Pair): Promise<void> {
  say(what);
  const compared = await compareUnderFlood(stage, ours, paces.flood);
  rows.push(ratioRow(`${what} / calm`, compared, 0.25));
  costs.push(...costRows(what, compared));
}

// What else runs here costs all the same, but not evenly: read the ratios, and the CPU per request before the rates.
const busy = loadavg()[0]?.toFixed(1);
say(`${availableParallelism()} cores, load ${busy}, Node ${process.versions.node}: starting on an empty folder`);
const startUp = await measureStartUp();
rows.push(limitRow('first start, to ready', startUp.firstMs, 4_000, 'ms'));
rows.push(limitRow('second start, to ready', startUp.secondMs, 2_000, 'ms'));

say(`making ${population} accounts`);
const stage = await openStage(population);
try {
  say('starting beside a running database');
  const alone = await measureProcess(stage, starts);
  rows.push(limitRow('first 200 of the process', alone.serviceMs, 450, 'ms', `${Math.round(alone.floorMs)} ms`));
  rows.push(limitRow('memory at rest (RSS)', alone.idleMiB, 90, 'MiB', `${Math.round(alone.floorIdleMiB)} MiB`));

  await against(stage, 'sign-in', signIn(stage), paces['sign-in'], 0.9);
  await signAllIn(stage.service, stage.people);
  await against(stage, 'introspect', introspect(stage), paces.check, 0.6);
  await against(stage, 'GET /v1/me', readMe(stage), paces.check, 0.6);
  await signAllIn(stage.service, stage.people);
  await flooded(stage, 'introspect in a flood', introspect(stage, FEW));
  await flooded(stage, 'GET /v1/me in a flood', readMe(stage, FEW));
  await against(stage, 'sign-in, new browser', signInFromNewBrowser(stage), paces['sign-in']);

  const memory = memoryMiB(stage.service.pid);
  const floor = memoryMiB(stage.floor.pid);
  rows.push({
    what: 'memory after load, highest',
    ours: `${Math.round(memory.now)}, ${Math.round(memory.peak)} MiB`,
    against: `${Math.round(floor.now)}, ${Math.round(floor.peak)} MiB`,
    ratio: '',
    bar: '',
    passes: undefined,
  });
} finally {
  await stage.stop();
}

console.log(`\n${renderRows(rows)}\n\n${renderTable(costs)}\n`);
