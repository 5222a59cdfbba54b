/** `npm run bench:import -- [accounts]`: takes over a file of so many, and says how long it took and how much memory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const HASHES = [
  '$2b$12$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG',
  `$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$${'A'.repeat(43)}`,
  `pbkdf2_sha256$600000$seasalt2seasalt2$${'A'.repeat(43)}=`,
  `$scrypt$ln=15,r=8,p=1$c29tZXNhbHRzb21lc2FsdA$${'A'.repeat(43)}`,
];
const LIMIT_SECONDS = 120;
const program = resolve(import.meta.dirname, '../bin/holdfast.js');

function* lines(count: number): Generator<string> {
  for (let n = 0; n < count; n++) {
    const account = { email: `p${n}@example.com`, emailConfirmed: true, username: `person.${n}`, externalId: `x-${n}` };
    yield `${JSON.stringify({ ...account, passwordHash: HASHES[n % HASHES.length] })}\n`;
  }
}

/** Resident memory in MiB, where the system says it. */
function memoryOf(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

const count = Number(process.argv[2] ?? 100_000);
const folder = await mkdtemp(join(tmpdir(), 'hf-import-'));
await chmod(folder, 0o755);
try {
  const file = join(folder, 'accounts.ndjson');
  await pipeline(Readable.from(lines(count)), createWriteStream(file));
  const began = performance.now();
  const child = spawn(process.execPath, [program, 'accounts', 'import', file], {
    env: { ...process.env, HOLDFAST_DATA: join(folder, 'data') },
    stdio: 'inherit',
  });
  const memory: number[] = [];
  const sampling = setInterval(() => memory.push(memoryOf(child.pid)), 500);
  const [code] = await once(child, 'exit');
  clearInterval(sampling);
  const seconds = (performance.now() - began) / 1000;
  const half = memory.slice(0, memory.length / 2);
  console.log(`${count} accounts in ${seconds.toFixed(1)} s with start and stop of the database; code ${code}`);
  console.log(
    `memory: at most ${Math.round(Math.max(...half))} MiB in the first half, ${Math.round(Math.max(...memory))} MiB in all`,
  );
  if (code !== 0 || seconds > LIMIT_SECONDS) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
