import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newWithTotp, psd2, secondStep, send, type WithTotp } from './support/enrolling.ts';
import { type Harness, newAgent, openHarness, PASSWORD, someEmail } from './support/harness.ts';
import { freezeByAgent, newAccount, type Seeded } from './support/seed.ts';

/** Those that a beat holds back take longer, and tell all or nothing. */
const TRIES = { work: 150, beat: 60 };
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
    policy: {
      ...psd2,
      'passwords.argon2id': 'm=19456,t=2,p=1',
      'signIn.beat': 200,
      'limits.mailPerRecipient': 10_000,
      'limits.signInCodesPerAccount': 1000,
    },
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

const challengeOf = async (who: Who): Promise<string> => (await h.post('/v1/auth/sign-in', who)).body.challenge;
const nothing = async () => '';

/** What comes before, untimed, what is timed, and whether a beat holds the answer back. */
type Probe = {
  pace: keyof typeof TRIES;
  before: (who: Who) => Promise<string>;
  timed: (who: Who, before: string) => Promise<unknown>;
  of: string[];
};
const probes: Record<string, Probe> = {
  'the first step': {
    pace: 'work',
    before: nothing,
    timed: (who) => h.post('/v1/auth/sign-in', who),
    of: ['a wrong password', 'a right password'],
  },
  'a wrong code': {
    pace: 'beat',
    before: challengeOf,
    timed: (_, challenge) => secondStep(h, challenge, 'totp', '000000'),
    of: ['a wrong password', 'a right password', 'a right password of a frozen account'],
  },
  'a wrong recovery code': {
    pace: 'beat',
    before: challengeOf,
    timed: (_, challenge) => secondStep(h, challenge, 'recovery-code', NO_CODE),
    of: ['a right password'],
  },
  'a wrong mailed code': {
    pace: 'beat',
    before: challengeOf,
    timed: (_, challenge) => secondStep(h, challenge, 'email-code', '000000'),
    of: ['a right password without a factor'],
  },
  'asking for a mail': {
    pace: 'beat',
    before: challengeOf,
    timed: (_, challenge) => send(h, challenge),
    of: ['a right password without a factor'],
  },
  'a wrong code in one shot': {
    pace: 'beat',
    before: nothing,
    timed: (who) => h.post('/v1/auth/sign-in', { ...who, code: '000000' }),
    of: ['a right password', 'a right password without a factor'],
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
  it.each(probe.of)('does not tell %s from an unknown identifier', { timeout: PATIENCE }, async (kind) => {
    const who = kinds[kind] as () => Who;
    const tries = TRIES[probe.pace];
    const times: [number[], number[]] = [[], []];
    for (let n = 0; n < tries + 5; n++) {
      for (const which of n % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const taken = await time(probe, which === 0 ? who() : nobody());
        if (n >= 5) times[which].push(taken);
      }
    }
    const auc = rank(...times);
    const medians = times.map((each) => each.toSorted((a, b) => a - b)[tries / 2]?.toFixed(1));
    console.log(`${name}, ${kind} against nobody: AUC ${auc.toFixed(3)}, medians ${medians.join(' and ')} ms`);
    const margin = probe.pace === 'beat' ? 0.2 : 0.15;
    expect(Math.abs(auc - 0.5)).toBeLessThan(margin);
  });
});
