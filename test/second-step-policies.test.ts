import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstStep, mailedCode, newWithTotp, secondStep, send } from './support/enrolling.ts';
import { type Harness, openHarness, PASSWORD, someEmail, totpCode } from './support/harness.ts';
import { hostKey, newAccount, newSignedIn, signIn } from './support/seed.ts';

const WRONG = 'not the right one at all';

describe('lockout.counters: shared, where the second step is open', () => {
  let h: Harness;
  beforeAll(async () => {
    h = await openHarness({ policy: { 'lockout.counters': 'shared' } });
  });
  afterAll(() => h.close());

  it('PS-4.3b counts wrong passwords and wrong codes together, of known browsers too', async () => {
    const owner = await newWithTotp(h);
    const code = () => totpCode(owner.secret, h.clock.now());
    const { challenge: first } = await signIn(h, owner.email);
    const { deviceToken } = (await secondStep(h, first, 'totp', code())).body;
    h.clock.advance(30_000);
    for (let n = 0; n < 2; n++) await signIn(h, owner.email, { password: WRONG, deviceToken });
    const { challenge } = await signIn(h, owner.email);
    for (let n = 0; n < 2; n++)
      expect((await secondStep(h, challenge, 'totp', '000000')).body.code).toBe('invalid-code');
    await signIn(h, owner.email, { code: '000000', deviceToken });
    const refused = [await firstStep(h, owner.email, { deviceToken }), await secondStep(h, challenge, 'totp', code())];
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual([
      [429, 'too-many-attempts'],
      [429, 'too-many-attempts'],
    ]);
    h.clock.advance(15 * 60_000);
    const { challenge: again } = await signIn(h, owner.email, { deviceToken });
    expect((await secondStep(h, again, 'totp', code())).status).toBe(200);
  });

  it('forgets all of it with one success, of a known browser without a second factor too', async () => {
    const owner = await newSignedIn(h);
    let { deviceToken } = owner;
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 4; n++) await signIn(h, owner.email, { password: WRONG });
      const answer = await signIn(h, owner.email, { deviceToken });
      expect(answer.status).toBe('signed-in');
      deviceToken = answer.deviceToken;
    }
  });

  it('locks the owner’s own browser with the others, and a password change by it', async () => {
    const owner = await newSignedIn(h);
    for (let n = 0; n < 5; n++) await signIn(h, owner.email, { password: WRONG });
    const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD} anew` };
    const changed = await h.call('PUT', '/v1/me/password', { body, token: owner.accessToken });
    expect([changed.status, changed.body.code]).toEqual([429, 'too-many-attempts']);
  });
});

describe('secondFactor.secrecy: hidden, where no second factor is required', () => {
  let h: Harness;
  beforeAll(async () => {
    h = await openHarness({ policy: { 'secondFactor.secrecy': 'hidden' } });
  });
  afterAll(() => h.close());

  it('lets an account without one in by a mailed code, on a known browser too, and only as strongly as its password', async () => {
    const { email } = await newAccount(h);
    let deviceToken: string | undefined;
    for (let round = 0; round < 2; round++) {
      const { body } = await firstStep(h, email, deviceToken === undefined ? {} : { deviceToken });
      expect(body.factors).toEqual(['totp', 'passkey', 'recovery-code', 'email-code']);
      await send(h, body.challenge);
      const answer = await secondStep(h, body.challenge, 'email-code', (await mailedCode(h, email)) as string);
      expect(answer.body.status).toBe('signed-in');
      deviceToken = answer.body.deviceToken;
      const token = answer.body.accessToken;
      const introspected = await h.post('/v1/server/sessions/introspect', { token }, { token: await hostKey(h) });
      expect(introspected.body).toMatchObject({ acr: 'aal1', amr: ['pwd'] });
    }
  });

  it('counts a known browser apart from strangers all the same', async () => {
    const owner = await newWithTotp(h);
    const code = () => totpCode(owner.secret, h.clock.now());
    const { challenge } = await signIn(h, owner.email);
    const { deviceToken } = (await secondStep(h, challenge, 'totp', code())).body;
    h.clock.advance(30_000);
    for (let n = 0; n < 5; n++) await signIn(h, owner.email, { password: WRONG, code: '000000' });
    expect((await signIn(h, owner.email, { code: code() })).code).toBe('too-many-attempts');
    const { challenge: mine } = await signIn(h, owner.email, { deviceToken });
    expect((await secondStep(h, mine, 'totp', code())).status).toBe(200);
  });

  it('offers texted codes to everybody where there are any', async () => {
    const texting = await openHarness({ policy: { 'secondFactor.secrecy': 'hidden', 'sms.factor': 'on' } });
    try {
      const { factors } = await signIn(texting, someEmail());
      expect(factors).toEqual(['totp', 'passkey', 'sms', 'recovery-code', 'email-code']);
    } finally {
      await texting.close();
    }
  });
});
