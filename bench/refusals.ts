import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type Watch = {
  /** Once the verifier knows the token as good: a promise of the moment it first refuses it, in milliseconds of the epoch. */
  refusalOf(token: string): Promise<{ at: Promise<number> }>;
  stop(): Promise<void>;
};

/** A verifier in a process of its own that tries tokens again and again. */
export async function watchRefusals(baseUrl: string, apiKey: string): Promise<Watch> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'refusing.ts')], {
    env: { PATH: process.env['PATH'], BASE_URL: baseUrl, API_KEY: apiKey },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = new Map<string, { good: () => void; refused: (at: number) => void }>();
  const isReady = Promise.withResolvers<void>();
  child.once('exit', (code) => isReady.reject(new Error(`the verifier ended with ${code}`)));
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    const [what, number = '', at = '0'] = line.split(' ');
    if (what === 'ready') isReady.resolve();
    if (what === 'good') waiting.get(number)?.good();
    if (what === 'refused') waiting.get(number)?.refused(Number(at));
  });
  await isReady.promise;
  let count = 0;
  return {
    async refusalOf(token) {
      const number = String(++count);
      const good = Promise.withResolvers<void>();
      const refused = Promise.withResolvers<number>();
      waiting.set(number, { good: good.resolve, refused: refused.resolve });
      child.stdin?.write(`${number} ${token}\n`);
      await good.promise;
      return { at: refused.promise };
    },
    async stop() {
      child.stdin?.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
