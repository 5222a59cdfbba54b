import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const program = resolve(import.meta.dirname, '../../bin/holdfast.js');

/** The environment of an operator who has set nothing but this. */
function environment(extra: Record<string, string>): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? tmpdir(), HOLDFAST_LOG: 'warn', ...extra };
}

export type Finished = { code: number | null; stdout: string; stderr: string };

/** Runs one command of the real command line to its end. */
export async function run(args: string[], env: Record<string, string>): Promise<Finished> {
  const child = spawn(process.execPath, [program, ...args], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const [code] = await once(child, 'close');
  return { code, stdout: stdout(), stderr: stderr() };
}

export type Service = {
  url: string;
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Sends the signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<{ code: number | null; ms: number }>;
};

/** `holdfast serve` as an operator starts it, once its line says where. */
export async function serve(env: Record<string, string>): Promise<Service> {
  const all = environment({ PORT: '0', ...env });
  const child = spawn(process.execPath, [program, 'serve'], { env: all, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const closed = once(child, 'close');
  const url = await Promise.race([
    readUrl(child),
    closed.then(() => Promise.reject(new Error(`ended before it served: ${stderr()}`))),
  ]);
  return {
    url,
    child,
    stdout,
    stderr,
    async end(signal = 'SIGTERM') {
      const began = performance.now();
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code] = await closed;
      return { code, ms: performance.now() - began };
    },
  };
}

async function readUrl(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  for await (const line of lines) {
    const url = /^Holdfast serves (http\S+)$/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  return await new Promise(() => undefined);
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr'): () => string {
  const chunks: string[] = [];
  child[name]?.on('data', (chunk) => chunks.push(String(chunk)));
  return () => chunks.join('');
}

/** A folder that whoever runs the database may enter. */
export async function newFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'hf-'));
  await chmod(path, 0o755);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
export type Said = { status: number; body: any; headers: Headers };

/** A call over a real socket. */
export async function post(url: string, path: string, body: unknown, token?: string): Promise<Said> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
}
