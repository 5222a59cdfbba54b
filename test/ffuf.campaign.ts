import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder, post, run, type Service, serve } from './support/process.ts';

const PASSWORD = 'a sentence that nobody has on a list';
const LIST = 60;

let folder: Awaited<ReturnType<typeof newFolder>>;
let service: Service;
let key: string;
beforeAll(async () => {
  folder = await newFolder();
  // Guessers have more addresses than one: what the proxy names is theirs.
  const env = { HOLDFAST_DATA: folder.path, HOLDFAST_LOG: 'error', TRUSTED_PROXIES: '127.0.0.1' };
  service = await serve(env);
  const made = await run(['api-key', 'create', '--name', 'shop', '--scopes', 'accounts:write', '--json'], env);
  key = JSON.parse(made.stdout).apiKey;
}, 120_000);
afterAll(async () => {
  await service.end();
  await folder.remove();
});

async function newAccount(email: string): Promise<string> {
  const { status } = await post(
    service.url,
    '/v1/server/accounts',
    { email, emailConfirmed: true, password: PASSWORD },
    key,
  );
  expect(status).toBe(201);
  return email;
}

let lists = 0;
/** As many guesses, the right one at `place`; others in each list, for one that is tried on many accounts is noticed by that. */
function listOf(place: number): string[] {
  lists += 1;
  return Array.from({ length: LIST }, (_, n) => (n === place ? PASSWORD : `guess number ${n} of list ${lists}`));
}
const ownAddresses = Array.from({ length: LIST }, (_, n) => `198.51.${100 + (n >> 8)}.${n & 255}`);
const oneAddress = Array<string>(LIST).fill('203.0.113.66');

type Guess = { status: number; length: number; input: { PASS: string } };

/** Lets ffuf try the list against one identifier; every answer it got. One by one: side by side, ffuf 1.1 loses some. */
async function guess(identifier: string, passwords: string[], addresses: string[]): Promise<Guess[]> {
  const [words, ips, out] = ['words', 'addresses', 'out.json'].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(words, passwords.join('\n'));
  await writeFile(ips, addresses.join('\n'));
  const body = JSON.stringify({ identifier, password: 'PASS' });
  // biome-ignore format: options and their values
  const options = [
    '-u', `${service.url}/v1/auth/sign-in`, '-X', 'POST', '-d', body, '-mode', 'pitchfork',
    '-w', `${words}:PASS`, '-w', `${ips}:ADDRESS`, '-H', 'Content-Type: application/json', '-H', 'X-Forwarded-For: ADDRESS',
    '-mc', 'all', '-t', '1', '-s', '-of', 'json', '-o', out,
  ];
  const child = spawn('ffuf', options, { stdio: ['ignore', 'ignore', 'inherit'] });
  expect((await once(child, 'close'))[0]).toBe(0);
  return JSON.parse(await readFile(out, 'utf8')).results;
}

const found = (guesses: Guess[]) => guesses.filter(({ status }) => status === 200).map(({ input }) => input.PASS);

function countByStatus(guesses: Guess[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of guesses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe('V6.3.1 ffuf with a list that holds the right password', { timeout: 120_000 }, () => {
  it('finds it where it comes first: the tool works', async () => {
    const guesses = await guess(await newAccount('lucky@example.com'), listOf(0), ownAddresses);
    expect(found(guesses)).toEqual([PASSWORD]);
  });

  it.each([
    ['as many addresses as guesses', ownAddresses],
    ['one address', oneAddress],
  ])('finds nothing past the limit from %s, and five guesses are all that is judged', async (from, addresses) => {
    const known = await newAccount(`guessed-${addresses.length}-${addresses === oneAddress}@example.com`);
    const guesses = await guess(known, listOf(30), addresses);
    console.log(`ffuf from ${from}: ${JSON.stringify(countByStatus(guesses))}`);
    expect(guesses).toHaveLength(LIST);
    expect(found(guesses)).toEqual([]);
    expect(countByStatus(guesses)).toEqual({ 401: 5, 429: LIST - 5 });
  });

  it('V6.3.8 is answered alike about an account and about nobody', async () => {
    const known = await guess(await newAccount('somebody@example.com'), listOf(30), ownAddresses);
    const unknown = await guess('nobody12@example.com', listOf(30), ownAddresses);
    const shown = (guesses: Guess[]) => new Set(guesses.map(({ status, length }) => `${status} ${length}`));
    console.log(`ffuf about somebody: ${[...shown(known)]}; about nobody: ${[...shown(unknown)]}`);
    expect(countByStatus(unknown)).toEqual(countByStatus(known));
    expect(shown(unknown)).toEqual(shown(known));
  });
});
