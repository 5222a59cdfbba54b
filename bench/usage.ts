import { readdirSync, readFileSync } from 'node:fs';

// Linux counts in hundredths of a second, whatever its own timer does.
const TICK_MS = 10;

/** CPU that a process has used so far, in ms; with its children, alive or ended. NaN where there is no /proc. */
export function cpuMs(pid: number, { withChildren }: { withChildren: boolean }): number {
  const own = readTimes(pid);
  if (!own) return Number.NaN;
  if (!withChildren) return own.self * TICK_MS;
  const children = listPids().map((child) => readTimes(child));
  const alive = children.filter((times) => times?.parent === pid).reduce((sum, times) => sum + (times?.self ?? 0), 0);
  return (own.self + own.endedChildren + alive) * TICK_MS;
}

/** Resident memory now and at its highest, in MiB. */
export function memoryMiB(pid: number): { now: number; peak: number } {
  const status = readText(`/proc/${pid}/status`) ?? '';
  const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) / 1024;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

function readTimes(pid: number): { parent: number; self: number; endedChildren: number } | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return { parent: field(4), self: field(14) + field(15), endedChildren: field(16) + field(17) };
}

function listPids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
