import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './load.ts';
import { startService } from './processes.ts';
import type { Stage } from './stage.ts';
import { memoryMiB } from './usage.ts';

const SETTLE_MS = 1_000;

export type StartUp = { firstMs: number; secondMs: number };

/** With a database of its own: on an empty folder, and once more on the same data. */
export async function measureStartUp(): Promise<StartUp> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  try {
    const startMs = async () => {
      const service = await startService({ HOLDFAST_DATA: folder }, join(folder, 'service.log'));
      await service.stop();
      return service.startMs;
    };
    return { firstMs: await startMs(), secondMs: await startMs() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export type Process = { serviceMs: number; floorMs: number; idleMiB: number; floorIdleMiB: number };

/** The process alone, beside a database that runs already: time to its first 200 and memory at rest, in turn with the floor. */
export async function measureProcess(stage: Stage, rounds: number): Promise<Process> {
  const starts = { service: [] as number[], floor: [] as number[] };
  const idle = { service: [] as number[], floor: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    for (const which of ['service', 'floor'] as const) {
      const running = await stage.startAgain(which);
      await sleep(SETTLE_MS);
      starts[which].push(running.startMs);
      idle[which].push(memoryMiB(running.pid).now);
      await running.stop();
    }
  }
  return {
    serviceMs: median(starts.service),
    floorMs: median(starts.floor),
    idleMiB: median(idle.service),
    floorIdleMiB: median(idle.floor),
  };
}
