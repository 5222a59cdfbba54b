import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newWithTotp, psd2, secondStep, send, type WithTotp } from './support/enrolling.ts';
import { type Harness, newAgent, openHarness, PASSWORD, someEmail } from './support/harness.ts';
import { freezeByAgent, newAccount, type Seeded } from './support/seed.ts';

const TRIES = 150;
const PATIENCE = 240_000;
const WRONG = 'not the right one at all';
const NO_CODE = '0000-0000-0000-0000-0000';

type Who = { identifier: string; password: string };

let h: Harness;
let owner: WithTotp;
let frozen: WithTotp;
let bare: Seeded;
beforeAll(async () => {
  h = await openHarness({
    policy: { ...psd2, 'limits.mailPerRecipient': 10_000, 'limits.signInCodesPerAccount': 1000 },
  });
  owner = await newWithTotp(h);
  frozen = await newWithTotp(h);
  bare = await newAccount(h);
  await freezeByAgent(h, await newAgent(h), frozen.accountId);
});
afterAll(() => h.close());

const kinds: Record<string, () => Who> = {
  'a wrong password': () => ({ identifier: owner.email, password: WRONG }),
  'a right password': () => ({ identifier: owner.email, password: PASSWORD }),
  'a right password without a factor': () => ({ identifier: bare.email, password: PASSWORD }),
  'a right password of a frozen account': () => ({ identifier: frozen.email, password: PASSWORD }),
};
const nobody = (): Who => ({ identifier: someEmail(), password: PASSWORD });

/** What comes before, untimed, and what is timed. */
type Probe = { before: (who: Who) => Promise<string>; timed: (who: Who, before: string) => Promise<unknown> };
const challengeOf = async (who: Who): Promise<string> => (await h.post('/v1/auth/sign-in', who)).body.challenge;
const probes: Record<string, Probe> = {
  'the first step': { before: async () => '', timed: (who) => h.post('/v1/auth/sign-in', who) },
  'a wrong code': { before: challengeOf, timed: (_, challenge) => secondStep(h, challenge, 'totp', '000000') },
  'a wrong recovery code': { before: challengeOf, timed: (_, it) => secondStep(h, it, 'recovery-code', NO_CODE) },
  'a wrong mailed code': { before: challengeOf, timed: (_, it) => secondStep(h, it, 'email-code', '000000') },
  'asking for a mail': { before: challengeOf, timed: (_, challenge) => send(h, challenge) },
  'a wrong code in one shot': {
    before: async () => '',
    timed: (who) => h.post('/v1/auth/sign-in', { ...who, code: '000000' }),
  },
};

async function time(probe: Probe, who: Who): Promise<number> {
  // No lock, and nothing that a try before left to do, is what this is about.
  await h.pool.query('delete from attempt_counters');
  await h.pool.query('delete from wrong_codes');
  await h.pool.query('update passwords set consecutive_failures = 0, disabled_at = null');
  await h.pool.query('update totp_factors set stranger_failures = 0, known_failures = 0, disabled_at = null');
  const before = await probe.before(who);
  await h.instance.worker.drain();
  const started = performance.now();
  await probe.timed(who, before);
  return performance.now() - started;
}

/** The chance that a time of the first kind is longer than one of the second: 0.5 where nothing tells them apart. */
function rank(first: number[], second: number[]): number {
  let wins = 0;
  for (const a of first) for (const b of second) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (first.length * second.length);
}

describe.each(Object.entries(probes))('PS-4.3a V6.3.8 how long %s takes', (name, probe) => {
  it.each(Object.entries(kinds))(
    'does not tell %s from an unknown identifier',
    { timeout: PATIENCE },
    async (kind, who) => {
      const times: [number[], number[]] = [[], []];
      for (let n = 0; n < TRIES + 10; n++) {
        const order = n % 2 === 0 ? [0, 1] : [1, 0];
        for (const which of order) {
          const taken = await time(probe, which === 0 ? who() : nobody());
          if (n >= 10) times[which as 0 | 1].push(taken);
        }
      }
      const auc = rank(...times);
      const medians = times.map((each) => each.toSorted((a, b) => a - b)[TRIES / 2]?.toFixed(1));
      console.log(`${name}, ${kind} against nobody: AUC ${auc.toFixed(3)}, medians ${medians.join(' and ')} ms`);
      expect(auc).toBeGreaterThan(0.35);
      expect(auc).toBeLessThan(0.65);
    },
  );
});
