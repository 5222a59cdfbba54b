import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  enrolTotp,
  type Harness,
  newOwner,
  type Owner,
  openHarness,
  PASSWORD,
  tokenIn,
  totpCode,
} from './support/harness.ts';
import { confirm, request } from './support/payer.ts';
import { count } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerAccount': 1000, 'limits.factorChangesPerAccount': 1000 } });
});
afterAll(() => h.close());

const NEW_PASSWORD = 'another long enough sentence';
const codeNow = (secret: string) => totpCode(secret, h.clock.now());

async function enrolled() {
  const owner = await newOwner(h);
  return { owner, ...(await enrolTotp(h, owner)) };
}
type Kit = { owner: Owner; token: string; challenges: string[]; grants: string[] };

/** All that a code can be given for, prepared before it exists. */
async function prepare(owner: Owner): Promise<Kit> {
  await h.post('/v1/auth/password-reset', { identifier: owner.email });
  const token = tokenIn((await h.mails(owner.email))[0], 'reset');
  const challenges: string[] = [];
  for (let n = 0; n < 4; n++) {
    const asked = await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD });
    challenges.push(asked.body.challenge);
  }
  const grants: string[] = [];
  for (let n = 0; n < 4; n++) grants.push((await request(h, owner)).body.grantId);
  return { owner, token, challenges, grants };
}

/** Every use of a code, by what it opens. */
const uses: Record<string, (kit: Kit, code: string, n: number) => Promise<Answer>> = {
  'sign-in by challenge': ({ challenges }, code, n) =>
    h.post('/v1/auth/second-factor', { challenge: challenges[n], factor: 'totp', code }),
  'sign-in in one shot': ({ owner }, code) =>
    h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, code }),
  reset: ({ token }, code) => h.post('/v1/auth/password-reset/confirm', { token, newPassword: NEW_PASSWORD, code }),
  grant: ({ owner, grants }, code, n) => confirm(h, owner, grants[n] as string, { code }),
  change: ({ owner }, code) => h.post('/v1/me/recovery-codes', { code }, { token: owner.accessToken }),
};
const names = Object.keys(uses);
const opened = (answers: Answer[]) => answers.filter(({ status }) => status < 300);

describe('one code of one step', () => {
  it.each(Array.from({ length: 4 }, (_, round) => [round]))(
    'V6.5.1 V15.4.2 OT-6 OW-TX9 opens one door among sixteen at once: sign-in, reset, change and grant, round %i',
    async (round) => {
      const { owner, secret } = await enrolled();
      const kit = await prepare(owner);
      const code = codeNow(secret);
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, n) => {
          const name = names[(n + round) % names.length] as string;
          return (uses[name] as (typeof uses)[string])(kit, code, n % 4);
        }),
      );
      expect(opened(answers)).toHaveLength(1);
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
      const used = `type in ('sign-in.succeeded', 'password.reset', 'recovery-codes.issued', 'grant.confirmed') and at = $$${h.clock.now().toISOString()}$$`;
      expect(await count(h, 'events', owner.accountId, used), 'nor did another open it and fail after').toBe(1);
    },
  );

  it.each(names.flatMap((first) => names.map((second) => [first, second])))(
    'V6.5.1 OT-6 given for %s is refused for %s after it',
    async (first, second) => {
      const { owner, secret } = await enrolled();
      const kit = await prepare(owner);
      const code = codeNow(secret);
      expect((await (uses[first as string] as (typeof uses)[string])(kit, code, 0)).status).toBeLessThan(300);
      const again = await (uses[second as string] as (typeof uses)[string])(kit, code, 1);
      expect(again.status, again.body?.code).toBeGreaterThanOrEqual(400);
      expect(again.status).toBeLessThan(500);
    },
  );
});

describe('several authenticators', () => {
  it('OT-6 have a last step each: the code of one does not spend the code of the other', async () => {
    const { owner, secret } = await enrolled();
    const token = owner.accessToken;
    const second = (await h.post('/v1/me/totp', { code: codeNow(secret) }, { token })).body.secret;
    expect((await h.post('/v1/me/totp/confirm', { code: codeNow(second) }, { token })).status).toBe(200);
    h.clock.advance(30_000);
    const kit = await prepare(owner);
    const [first, other] = [codeNow(secret), codeNow(second)];
    const answers = await Promise.all(
      [first, other, first, other, first, other].map((code, n) => uses['sign-in by challenge']?.(kit, code, n % 4)),
    );
    expect(opened(answers as Answer[])).toHaveLength(2);
    for (const code of [first, other]) {
      expect((await uses['sign-in in one shot']?.(kit, code, 0))?.status).toBe(401);
    }
  });
});

describe('one recovery code', () => {
  it('V6.5.1 V2.3.4 opens one door among sixteen at once: sign-in, reset and change', async () => {
    const { owner, recoveryCodes } = await enrolled();
    const kit = await prepare(owner);
    const code = recoveryCodes[0] as string;
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => (uses[names[n % 4] as string] as (typeof uses)[string])(kit, code, n % 4)),
    );
    expect(opened(answers)).toHaveLength(1);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  });
});
