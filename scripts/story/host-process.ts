import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StoryError } from './call.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

type Environment = Record<string, string | undefined>;
export type Service = {
  url: string;
  /** One command of ours, on the data of this service; the object it prints. */
  command<T>(...args: string[]): Promise<T>;
  stop(): Promise<void>;
};

/** The service that runs already, on this checkout's data. */
export function runningService(url: string): Service {
  return { url, command: (...args) => command(args, process.env), stop: async () => undefined };
}

/** A service of its own on an empty folder and a free port; `stop` leaves nothing behind. */
export async function ownService(): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-story-'));
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    HOLDFAST_DATA: folder,
    HOLDFAST_LOG: 'warn',
    PORT: '0',
  };
  const child = spawn(process.execPath, ['bin/holdfast.js', 'serve'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async () => {
    await stopChild(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { url: await readUrl(child), command: (...args) => command(args, env), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function command<T>(args: string[], env: Environment): Promise<T> {
  const all = ['run', '--silent', 'holdfast', '--', ...args, '--json'];
  const { stdout } = await run('npm', all, { cwd: root, env });
  return JSON.parse(stdout) as T;
}

async function readUrl(child: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    let printed = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk;
      const url = /serves (http:\/\/\S+)/.exec(printed)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new StoryError(`the service ended with code ${code} before it served`)));
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
