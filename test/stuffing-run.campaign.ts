import { hashSync } from '@node-rs/argon2';
import { afterAll, describe, expect, it } from 'vitest';
import { type Harness, openHarness } from './support/harness.ts';
import { hostKey } from './support/seed.ts';
import { solve } from './support/work.ts';

/** Ten thousand in the long form (`npm run campaign:stuffing`): pairs from a leak, two in a hundred of them right. */
const PAIRS = Number(process.env['PAIRS'] ?? 1500);
const ADDRESSES = 500;
const PASSWORD = 'a password that leaked elsewhere';
/** Of honest people on unknown devices, how many are on a network where their account was before: at home, without cookies. */
const AT_HOME = 2 / 3;

let seed = 1;
/** The same run every time (mulberry32). */
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

type Person = { email: string; home: string; deviceToken: string };
type Outcome = 'entered' | 'asked' | 'refused';

const address = (kind: number, n: number) => `${kind}.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;

async function settle(h: Harness, people: number): Promise<Person[]> {
  const key = await hostKey(h);
  const passwordHash = hashSync(PASSWORD, { memoryCost: 19456, timeCost: 2, parallelism: 1 });
  const settled: Person[] = [];
  for (let n = 0; n < people; n += 1) {
    const email = `person-${n}@example.com`;
    const home = address(81, n * 256 + 7);
    await h.post('/v1/server/accounts', { email, emailConfirmed: true, passwordHash }, { token: key });
    const { body } = await h.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD }, { ip: home });
    settled.push({ email, home, deviceToken: body.deviceToken });
  }
  return settled;
}

/** Somebody who wants in and does the work that is asked; how it ended. */
async function enter(h: Harness, ip: string, body: Record<string, unknown>, isWorking: boolean): Promise<Outcome> {
  let answer = await h.post('/v1/auth/sign-in', body, { ip });
  if (answer.body.code === 'proof-required' && isWorking) {
    answer = await h.post('/v1/auth/sign-in', { ...body, proof: solve(answer.body.proof) }, { ip });
  }
  if (answer.body.status === 'signed-in') return 'entered';
  return answer.body.status === 'second-factor-required' ? 'asked' : 'refused';
}

async function attack(h: Harness, { pairs, isWorking }: { pairs: number; isWorking: boolean }) {
  const people = await settle(h, Math.ceil(pairs / 25));
  h.clock.advance(60 * 60_000);
  const entered: number[] = [];
  const honest: Record<Outcome, number> = { entered: 0, asked: 0, refused: 0 };
  for (let n = 0; n < pairs; n += 1) {
    h.clock.advance(50);
    // Every fiftieth pair is right; of the others half are nobody's, half of people who use another password here.
    const who = people[Math.floor(n / 50) % people.length] as Person;
    const wrong = n % 2 === 0 ? `leaked-${n}@example.net` : (people[n % people.length] as Person).email;
    const isRight = n % 50 === 49;
    const pair = isRight
      ? { identifier: who.email, password: PASSWORD }
      : { identifier: wrong, password: `leaked ${n}` };
    if ((await enter(h, address(23, (n % ADDRESSES) * 256 + 9), pair, isWorking)) === 'entered') entered.push(n);
    if (n % 3 === 0) honest[await visit(h, people[Math.floor(random() * people.length)] as Person)] += 1;
  }
  return { entered, honest };
}

/** An honest sign-in: nearly all people are on a device that is known. */
async function visit(h: Harness, { email, home, deviceToken }: Person): Promise<Outcome> {
  const isKnown = random() < 0.98;
  const ip = isKnown || random() < AT_HOME ? home : address(99, Math.floor(random() * 2 ** 24));
  return await enter(h, ip, { identifier: email, password: PASSWORD, ...(isKnown ? { deviceToken } : {}) }, true);
}

const harnesses: Harness[] = [];
afterAll(() => Promise.all(harnesses.map((h) => h.close())));

async function run(mode: string, how: { pairs: number; isWorking: boolean }) {
  const h = await openHarness({ policy: { 'stuffing.mode': mode } });
  harnesses.push(h);
  const { entered, honest } = await attack(h, how);
  const visits = honest.entered + honest.asked + honest.refused;
  console.log(
    `stuffing ${mode}, ${how.pairs} pairs over ${ADDRESSES} addresses, ${how.isWorking ? 'solving' : 'not solving'} what is asked: ` +
      `${entered.length} entered (${entered.filter((n) => n >= 50).length} after the first 50); ` +
      `honest sign-ins: ${visits}, ${honest.asked} challenged, ${honest.refused} refused`,
  );
  return { entered, honest, visits };
}

describe('V6.3.1 a leak of passwords tried from five hundred addresses', () => {
  it('opens what it fits without the defences', { timeout: 1_200_000 }, async () => {
    const { entered } = await run('off', { pairs: PAIRS, isWorking: false });
    expect(entered.length).toBeGreaterThan(PAIRS / 100);
  });

  it('opens nothing after the first fifty tries with them, and hurts hardly anybody', {
    timeout: 1_200_000,
  }, async () => {
    const { entered, honest, visits } = await run('live', { pairs: PAIRS, isWorking: false });
    expect(entered.filter((n) => n >= 50)).toEqual([]);
    expect((honest.asked + honest.refused) / visits).toBeLessThan(0.02);
  });

  it('opens nothing for who does the work either', { timeout: 1_200_000 }, async () => {
    const { entered } = await run('live', { pairs: Math.min(PAIRS, 150), isWorking: true });
    expect(entered.filter((n) => n >= 50)).toEqual([]);
  });
});
