/** Starts a Holdfast of its own with a customer, unless HOLDFAST_URL names one, and the shop in front of it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'holdfast/client';

const program = join(import.meta.dirname, '../../bin/holdfast.js');
const running: ChildProcess[] = [];
let folder: string | undefined;

if (process.env['HOLDFAST_URL'] === undefined) await openHoldfast();
const shop = start([join(import.meta.dirname, 'server.ts')], {});
shop.stdout?.pipe(process.stdout);

let isStopping = false;
const stop = async () => {
  if (isStopping) return;
  isStopping = true;
  for (const child of running.toReversed()) {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
};
process.on('SIGINT', () => void stop());
process.on('SIGTERM', () => void stop());
shop.once('exit', () => void stop());

async function openHoldfast(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-shop-'));
  chmodSync(folder, 0o755);
  const env = { HOLDFAST_DATA: folder, PORT: '0', HOLDFAST_LOG: 'warn', TRUSTED_PROXIES: '127.0.0.1' };
  const service = start([program, 'serve'], env);
  const url = await lineOf(service, /^Holdfast serves (\S+)$/m);
  const scopes = 'accounts:read,accounts:write,sessions:read,transactions:write';
  const made = execFileSync(
    process.execPath,
    [program, 'api-key', 'create', '--name', 'shop', '--scopes', scopes, '--json'],
    { env: { ...process.env, ...env }, encoding: 'utf8' },
  );
  const { apiKey } = JSON.parse(made) as { apiKey: string };
  const customer = { email: 'ana@example.com', password: `shop ${randomBytes(6).toString('hex')} customer` };
  await createClient({ baseUrl: url, apiKey }).createAccount({ ...customer, emailConfirmed: true });
  process.env['HOLDFAST_URL'] = url;
  process.env['HOLDFAST_API_KEY'] = apiKey;
  console.log(`Holdfast serves ${url}; its mails are at ${url}/dev/inbox`);
  console.log(`Sign in as ${customer.email} with the password: ${customer.password}`);
}

function start(args: string[], env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  return child;
}

async function lineOf(child: ChildProcess, pattern: RegExp): Promise<string> {
  let printed = '';
  return await new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      printed += chunk;
      const found = pattern.exec(printed)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`Holdfast ended with ${code} before it served`)));
  });
}
