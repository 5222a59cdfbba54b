/** All that is checked without running the service: one line each, the whole output of what failed. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

interface Check {
  name: string;
  /** A script and its arguments, for this same Node. */
  command: string[];
}

interface Result {
  passed: boolean;
  seconds: string;
  output: string;
}

const TSC = 'node_modules/typescript/bin/tsc';
const BIOME = 'node_modules/@biomejs/biome/bin/biome';
const DOCS = 'scripts/docs-drift.ts';

// The slowest come first, so that none is left to run alone at the end.
const checks: Check[] = [
  { name: 'openapi.yaml against the routes', command: ['scripts/openapi.ts'] },
  { name: 'client/operations.ts against openapi.yaml', command: ['scripts/client.ts'] },
  { name: 'database types against the migrations', command: ['scripts/database-types.ts'] },
  { name: 'format and lint', command: [BIOME, 'check', '--error-on-warnings', '--max-diagnostics=100', '.'] },
  { name: 'types', command: [TSC, '--project', '.'] },
  { name: 'types of the browser scripts', command: [TSC, '--project', 'src/web/assets'] },
  { name: 'import rules', command: ['scripts/import-rules.ts'] },
  { name: 'dead exports', command: ['scripts/dead-exports.ts'] },
];
if (existsSync(DOCS)) checks.push({ name: 'documents against the code', command: [DOCS] });

function run({ command }: Check): Promise<Result> {
  const started = performance.now();
  const { promise, resolve } = Promise.withResolvers<Result>();
  const chunks: Buffer[] = [];
  const finish = (passed: boolean) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    resolve({ passed, seconds, output: Buffer.concat(chunks).toString().trim() });
  };
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('error', (error) => {
    chunks.push(Buffer.from(String(error)));
    finish(false);
  });
  child.on('close', (code) => finish(code === 0));
  return promise;
}

const failures: string[] = [];
const queue = checks.values();
async function work(): Promise<void> {
  for (const check of queue) {
    const { passed, seconds, output } = await run(check);
    console.log(`${passed ? '✓' : '✗'} ${check.name} (${seconds} s)`);
    if (!passed) failures.push(`\n✗ ${check.name}: ${check.command.join(' ')}\n${output || '(it said nothing)'}`);
  }
}

await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
if (!existsSync(DOCS)) console.log(`- documents against the code: there is no ${DOCS} yet`);
for (const failure of failures) console.log(failure);
if (failures.length > 0) process.exitCode = 1;
