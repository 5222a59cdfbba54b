import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enrolTotp, type Harness, newOwner, openHarness, PASSWORD, someEmail } from './support/harness.ts';

const TRIES = 150;
const PATIENCE = 90_000;

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

async function timed(work: () => Promise<unknown>): Promise<number> {
  // What the worker still does for the try before must not slow this one.
  await h.instance.worker.drain();
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** The chance that a time of the first kind is longer than one of the second: 0.5 where nothing tells them apart. */
function rank(first: number[], second: number[]): number {
  let wins = 0;
  for (const a of first) for (const b of second) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (first.length * second.length);
}

async function compare(known: () => Promise<unknown>, unknown: () => Promise<unknown>): Promise<number> {
  const times: [number[], number[]] = [[], []];
  for (let n = 0; n < TRIES + 10; n++) {
    const pair = n % 2 === 0 ? [known, unknown] : [unknown, known];
    const [first, second] = [await timed(pair[0] as typeof known), await timed(pair[1] as typeof known)];
    if (n < 10) continue;
    times[n % 2]?.push(first);
    times[1 - (n % 2)]?.push(second);
  }
  return rank(...times);
}

describe('V6.3.8 OW-FP2 how long the answer takes does not tell', () => {
  // Four tries an account and an address each, so that no lock shortens them.
  it('a wrong password of a known address from an unknown one', { timeout: PATIENCE }, async () => {
    const owners: string[] = [];
    for (let n = 0; n < 40; n++) owners.push((await newOwner(h)).email);
    let next = 0;
    const fail = (identifier: string | undefined) =>
      h.post('/v1/auth/sign-in', { identifier, password: 'a wrong password' });
    const auc = await compare(
      () => fail(owners[next++ % owners.length]),
      () => fail(someEmail()),
    );
    console.log(`AUC of ${TRIES} wrong passwords against unknown addresses: ${auc.toFixed(3)}`);
    expect(auc).toBeGreaterThan(0.35);
    expect(auc).toBeLessThan(0.65);
  });

  it('a reset for a known address from one for an unknown', { timeout: PATIENCE }, async () => {
    const owners: string[] = [];
    for (let n = 0; n < 10; n++) owners.push((await newOwner(h)).email);
    let next = 0;
    const auc = await compare(
      () => h.post('/v1/auth/password-reset', { identifier: owners[next++ % owners.length] }),
      () => h.post('/v1/auth/password-reset', { identifier: someEmail() }),
    );
    console.log(`AUC of ${TRIES} resets for known against unknown addresses: ${auc.toFixed(3)}`);
    expect(auc).toBeGreaterThan(0.35);
    expect(auc).toBeLessThan(0.65);
  });
});

describe('OW-AU4 how much is hashed does not tell', () => {
  /** How many slow hashes a refusal took. */
  async function hashesOf(body: object): Promise<number> {
    const { hasher } = h.instance.ctx;
    const { verify } = hasher;
    let count = 0;
    hasher.verify = (...given) => {
      count += 1;
      return verify(...given);
    };
    const { status } = await h.post('/v1/auth/sign-in', body);
    hasher.verify = verify;
    expect(status).toBe(401);
    return count;
  }

  it('a known address from an unknown one, nor a right password from a wrong one beside a wrong code', async () => {
    const [owner, locked] = [await newOwner(h), await newOwner(h)];
    await enrolTotp(h, owner);
    await enrolTotp(h, locked);
    for (let n = 0; n < 2; n++) {
      const { challenge } = (await h.post('/v1/auth/sign-in', { identifier: locked.email, password: PASSWORD })).body;
      const answer = { challenge, factor: 'totp', code: '000000' };
      for (let tries = 0; tries < 5; tries++) await h.post('/v1/auth/second-factor', answer);
    }
    for (const [code, hashes] of [
      [undefined, 1],
      ['000000', 1],
      ['0000-0000-0000-0000-0000', 2],
    ] as const) {
      const wrong = { password: 'a wrong password', ...(code ? { code } : {}) };
      expect(await hashesOf({ identifier: someEmail(), ...wrong }), `unknown, ${code}`).toBe(hashes);
      expect(await hashesOf({ identifier: owner.email, ...wrong }), `wrong password, ${code}`).toBe(hashes);
      if (code === undefined) continue;
      const right = { password: PASSWORD, code };
      expect(await hashesOf({ identifier: owner.email, ...right }), `wrong code, ${code}`).toBe(hashes);
      expect(await hashesOf({ identifier: locked.email, ...right }), `locked factor, ${code}`).toBe(hashes);
    }
  });
});
