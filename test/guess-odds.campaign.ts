import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  enrolTotp,
  type Harness,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  tokenIn,
  totpCode,
} from './support/harness.ts';

// A year of the policy as it ships. Only rates are set otherwise: they count by the real clock, which stands
// nearly still while this one runs, and one mail a day is well below them.
let h: Harness;
beforeAll(async () => {
  h = await openHarness({
    policy: {
      'limits.factorChangesPerAccount': 10_000,
      'limits.mailPerAccount': 1000,
      'limits.mailPerRecipient': 10_000,
    },
  });
});
afterAll(() => h.close());

const [HOUR, DAY] = [3_600_000, 86_400_000];
const YEAR = 365 * DAY;
/** Two codes of a million are good at any time: this step's and the one before. */
const PER_GUESS = 2e-6;
const MOST = 0.0005;
const PATIENCE = 240_000;

type Target = { owner: Owner; secrets: string[]; since: number };

async function newTarget(authenticators: number): Promise<Target> {
  const owner = await newOwner(h);
  const { secret } = await enrolTotp(h, owner);
  const secrets = [secret];
  const token = owner.accessToken;
  while (secrets.length < authenticators) {
    const next = (await h.post('/v1/me/totp', { code: codeOf(secret) }, { token })).body.secret as string;
    expect((await h.post('/v1/me/totp/confirm', { code: codeOf(next) }, { token })).status).toBe(200);
    h.clock.advance(30_000);
    secrets.push(next);
  }
  return { owner, secrets, since: h.clock.now().getTime() };
}

const codeOf = (secret: string) => totpCode(secret, h.clock.now());
const isWithinTheYear = ({ since }: Target) => h.clock.now().getTime() < since + YEAR;

/** A code that no authenticator shows: every try is a guess that fails, so that the odds are those of the policy alone. */
function wrongCode({ secrets }: Target): string {
  const right = new Set(
    secrets.flatMap((secret) => [0, 30_000].map((ago) => totpCode(secret, new Date(h.clock.now().getTime() - ago)))),
  );
  for (let guess = 0; ; guess++) {
    const code = String(guess).padStart(6, '0');
    if (!right.has(code)) return code;
  }
}

type Outcome = 'judged' | 'locked' | 'shut';

/** Somebody who has the password, at an address and a device that nobody knows; undefined once it opens nothing. */
async function challengeOf({ owner }: Target): Promise<string | undefined> {
  return (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD })).body.challenge;
}

async function guess(target: Target): Promise<Outcome> {
  const challenge = await challengeOf(target);
  return challenge === undefined ? 'shut' : await guessAt(target, challenge);
}

async function guessAt(target: Target, challenge: string): Promise<Outcome> {
  const answer = await h.post('/v1/auth/second-factor', { challenge, factor: 'totp', code: wrongCode(target) });
  expect(['invalid-code', 'too-many-attempts', 'invalid-challenge']).toContain(answer.body.code);
  return answer.body.code === 'invalid-code' ? 'judged' : 'locked';
}

/** How many codes the service really looked at, as its own journal tells; each is a guess at every authenticator. */
async function countJudged({ owner }: Target): Promise<number> {
  const { rows } = await h.pool.query(
    `select count(*)::int as n from events where account_id = $1 and type = 'second-factor.failed' and detail->>'factor' = 'totp'`,
    [owner.accountId],
  );
  return rows[0].n;
}

/** The owner, from a browser nobody knows: forgives whatever a success forgives. */
async function honestSignIn({ owner, secrets }: Target): Promise<boolean> {
  h.clock.advance(30_000);
  const code = codeOf(secrets[0] as string);
  return (await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, code })).status === 200;
}

type Strategy = (target: Target, meanwhile: () => Promise<void>) => Promise<void>;

const strategies: Record<string, Strategy> = {
  'takes every chance there is': async (target, meanwhile) => {
    while (isWithinTheYear(target)) {
      const outcome = await guess(target);
      if (outcome === 'shut') return;
      if (outcome === 'locked') h.clock.advance(HOUR);
      await meanwhile();
    }
  },
  'stays one below ten a month, in bursts': async (target, meanwhile) => {
    while (isWithinTheYear(target)) {
      for (let n = 0; n < 9; n++) if ((await guess(target)) === 'shut') return;
      await meanwhile();
      h.clock.advance(30 * DAY);
    }
  },
  'stays one below ten a month, one at a time': async (target, meanwhile) => {
    while (isWithinTheYear(target)) {
      if ((await guess(target)) === 'shut') return;
      await meanwhile();
      h.clock.advance((30 * DAY) / 9);
    }
  },
  'never makes three alarms, two at a time': async (target, meanwhile) => {
    while (isWithinTheYear(target)) {
      for (let n = 0; n < 2; n++) if ((await guess(target)) === 'shut') return;
      await meanwhile();
      h.clock.advance((30 * DAY) / 4 + HOUR);
    }
  },
  'keeps all it may for forty at once in the end': async (target, meanwhile) => {
    const perBurst = 9;
    for (;;) {
      const left = 200 / target.secrets.length - (await countJudged(target)) - 1;
      if (left < 1 || h.clock.now().getTime() > target.since + YEAR - 31 * DAY) break;
      for (let n = 0; n < Math.min(perBurst, left); n++) if ((await guess(target)) === 'shut') return;
      await meanwhile();
      h.clock.advance(30 * DAY);
    }
    const challenges: string[] = [];
    while (challenges.length < 40) challenges.push((await challengeOf(target)) as string);
    await Promise.all(challenges.map((challenge) => guessAt(target, challenge)));
  },
};

describe('NB-T1 OT-9 somebody who holds the password, for a year', () => {
  const cases = Object.keys(strategies).flatMap((name) =>
    [1, 5].flatMap((authenticators) => [false, true].map((isOwnerThere) => ({ name, authenticators, isOwnerThere }))),
  );

  it.each(cases)(
    '$name: less than 0.05 % with $authenticators authenticators, owner there: $isOwnerThere',
    async ({ name, authenticators, isOwnerThere }) => {
      const target = await newTarget(authenticators);
      let isOpen = true;
      const meanwhile = async () => {
        if (isOwnerThere && isOpen) isOpen = await honestSignIn(target);
      };
      await strategies[name]?.(target, meanwhile);
      const judged = await countJudged(target);
      const odds = 1 - (1 - PER_GUESS) ** (judged * authenticators);
      console.info(
        `${name}, ${authenticators}, owner ${isOwnerThere}: ${judged} codes judged, ${(odds * 100).toFixed(4)} %`,
      );
      expect(judged, 'it did try').toBeGreaterThanOrEqual(9);
      expect(odds).toBeLessThan(MOST);
    },
    PATIENCE,
  );
});

describe('NB-R6 somebody who reads the mailbox, for a year', () => {
  it.each([1, 5])(
    'finds no code behind reset links with %i authenticators, though the owner signs in from new browsers in between',
    async (authenticators) => {
      const target = await newTarget(authenticators);
      const { owner } = target;
      let pause = 0;
      while (isWithinTheYear(target) && pause < DAY) {
        await h.post('/v1/auth/password-reset', { identifier: owner.email });
        const token = tokenIn(
          (await h.mails(owner.email)).find(({ text }) => text.includes('/reset#token=')),
          'reset',
        );
        for (let n = 0; n < 4; n++) {
          const body = { token, newPassword: 'another long enough sentence', code: wrongCode(target) };
          const answer = await h.post('/v1/auth/password-reset/confirm', body);
          expect(['invalid-code', 'too-many-attempts', 'invalid-token']).toContain(answer.body.code);
          pause = Number(answer.headers.get('retry-after') ?? 0) * 1_000;
        }
        expect(await honestSignIn(target)).toBe(true);
        h.clock.advance(DAY);
      }
      const judged = await countJudged(target);
      const odds = 1 - (1 - PER_GUESS) ** (judged * authenticators);
      console.info(`mailbox, ${authenticators}: ${judged} codes judged, ${(odds * 100).toFixed(4)} %`);
      expect(pause, 'until a year has passed').toBeGreaterThan(DAY);
      expect(odds).toBeLessThan(MOST);
    },
    PATIENCE,
  );
});
