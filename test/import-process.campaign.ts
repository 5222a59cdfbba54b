import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newFolder, run } from './support/process.ts';

const HASH = '$2b$10$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG';
const program = resolve(import.meta.dirname, '../bin/holdfast.js');

let folder: Awaited<ReturnType<typeof newFolder>>;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await newFolder();
  env = { HOLDFAST_DATA: join(folder.path, 'data') };
});
afterEach(() => folder.remove());

const file = (name: string) => join(folder.path, name);
const command = (...args: string[]) => run(['accounts', ...args], env);

it('goes on after a kill where it was, exports and erases what it made, and ends with a code that tells', async () => {
  const people = Array.from({ length: 8_000 }, (_, n) =>
    JSON.stringify({ email: `p${n}@example.com`, emailConfirmed: true, externalId: `x-${n}`, passwordHash: HASH }),
  );
  people[1_500] = '{"email":"nobody"}';
  await writeFile(file('people.ndjson'), people.join('\n'));
  const args = ['accounts', 'import', file('people.ndjson'), '--errors', file('errors.ndjson')];
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: folder.path, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  // The second batch is in, the last is not.
  const errors = async () => await readFile(file('errors.ndjson'), 'utf8').catch(() => '');
  while (child.exitCode === null && (await errors()) === '') await pause(5);
  child.kill('SIGKILL');
  expect((await ended)[1]).toBe('SIGKILL');

  const resumed = await command(
    'import',
    file('people.ndjson'),
    '--resume',
    '--errors',
    file('errors.ndjson'),
    '--json',
  );
  expect([resumed.code, JSON.parse(resumed.stdout)]).toMatchObject([
    2,
    { outcome: 'finished', lines: 8_000, imported: 7_999, skipped: 1 },
  ]);
  expect(
    (await errors())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([{ line: 1_501, field: '/email', reason: 'must be one e-mail address' }]);
  const exported = JSON.parse((await command('export', 'external:x-7')).stdout);
  expect(exported.account).toMatchObject({ email: 'p7@example.com', externalId: 'x-7' });
  const unsure = await command('erase', exported.account.id);
  expect([unsure.code, unsure.stdout]).toEqual([1, expect.stringContaining('Say --yes')]);
  const erased = await command('erase', exported.account.id, '--yes', '--json');
  expect([erased.code, JSON.parse(erased.stdout)]).toMatchObject([0, { accountId: exported.account.id, kept: [] }]);
}, 120_000);

it('names what is wrong with what it was given', async () => {
  const missing = await command('import', file('none.ndjson'));
  expect([missing.code, missing.stderr.trim()]).toEqual([1, `There is no file ${file('none.ndjson')}.`]);
  const unasked = await command('import', file('parameters'), '--format', 'firebase');
  expect([unasked.code, unasked.stderr]).toEqual([1, expect.stringContaining('say --hash-config')]);
  await writeFile(file('parameters'), 'rounds: 8');
  const parameters = await command(
    'import',
    file('parameters'),
    '--format',
    'firebase',
    '--hash-config',
    file('parameters'),
  );
  expect([parameters.code, parameters.stderr]).toEqual([1, expect.stringContaining('base64_signer_key')]);
});
