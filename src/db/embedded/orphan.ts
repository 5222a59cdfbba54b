import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError } from './error.ts';

/** Stops the Postgres that a killed service left behind. Called under the lock, so no live service owns it. */
export async function stopOrphan(cluster: string): Promise<void> {
  const pid = await postmasterPid(cluster);
  if (!pid || !isTaken(pid)) return;
  if (!isServerOf(cluster, commandOf(pid))) {
    // A zombie, or another program got the pid: Postgres would take either for a living server and refuse to start.
    await rm(join(cluster, 'postmaster.pid'), { force: true });
    return;
  }
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    process.kill(pid, signal);
    if (await isGone(pid, cluster)) return;
  }
  throw new EmbeddedPostgresError(
    `A Postgres that an earlier start left behind (process ${pid}) still runs on ${cluster} and does not stop: end that process.`,
  );
}

async function isGone(pid: number, cluster: string): Promise<boolean> {
  const deadline = performance.now() + 8_000;
  while (performance.now() < deadline) {
    if (!isServerOf(cluster, commandOf(pid))) return true;
    await sleep(20);
  }
  return false;
}

async function postmasterPid(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return pid > 1 ? pid : undefined;
}

function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isServerOf(cluster: string, command: string): boolean {
  return command.includes(`postgres -D ${cluster} -c`);
}

/** Empty for a process that is gone or a zombie. */
function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('/bin/ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
