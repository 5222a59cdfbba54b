import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection, type Target } from './client.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
// Nothing of the caller's: a DATABASE_URL or a policy of theirs would be measured instead.
const bare = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
const SERVICE = ['bin/holdfast.js', 'serve'];

export type Running = Target & {
  pid: number;
  /** From the process's start to its first answer with 200. */
  startMs: number;
  stop(): Promise<void>;
};
type Environment = Record<string, string>;

export async function startService(env: Environment, logFile: string): Promise<Running> {
  return await start(SERVICE, { ...env, PORT: '0', HOST: '127.0.0.1' }, '/health/ready', logFile);
}

export async function startFloor(env: Environment, logFile: string): Promise<Running> {
  return await start(['bench/floor.ts'], env, '/live', logFile);
}

/** One command of ours beside the running service; the object it prints. */
export async function holdfast<T>(args: string[], env: Environment): Promise<T> {
  const { stdout } = await run(process.execPath, ['bin/holdfast.js', ...args, '--json'], {
    cwd: root,
    env: { ...bare, ...env },
  });
  return JSON.parse(stdout) as T;
}

async function start(args: string[], env: Environment, probe: string, logFile: string): Promise<Running> {
  const began = performance.now();
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...bare, ...env },
    stdio: ['ignore', 'pipe', log],
  });
  try {
    const target = { host: '127.0.0.1', port: await readPort(child) };
    const connection = new Connection(target);
    const { status } = await connection.send({ method: 'GET', path: probe });
    const startMs = performance.now() - began;
    connection.close();
    if (status !== 200) throw new Error(`${probe} answered ${status}`);
    return { ...target, pid: child.pid as number, startMs, stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw new Error(`${args.join(' ')} did not start: ${(error as Error).message}\n${readFileSync(logFile, 'utf8')}`);
  }
}

/** Both servers print one line with their address once they listen. */
async function readPort(child: ChildProcess): Promise<number> {
  return await new Promise((resolve, reject) => {
    let printed = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk;
      const port = /serves http:\/\/\S+:(\d+)/.exec(printed)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`it ended with code ${code} before it served`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
