import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, newOwner, openHarness, PASSWORD, tokenIn } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerRecipient': 100 } });
});
afterAll(() => h.close());

const MINUTES = [15, 30, 60, 120, 240, 480, 960, ...Array<number>(13).fill(1440)];

it('NB-T1 PS-4.4 locks longer and longer, warns at 50 and 90, and ends the password at 100 until a reset', async () => {
  const owner = await newOwner(h);
  const signIn = (password = PASSWORD, deviceToken?: string) =>
    h.post('/v1/auth/sign-in', { identifier: owner.email, password, ...(deviceToken ? { deviceToken } : {}) });
  const countMails = async (subject: RegExp) =>
    (await h.mails(owner.email)).filter((mail) => subject.test(mail.subject)).length;
  const waits: number[] = [];
  let warnings = 0;
  for (let failures = 5; failures <= 100; failures += 5) {
    for (let n = 0; n < 5; n++) expect((await signIn('a wrong password')).status).toBe(401);
    const seconds = Number((await signIn()).headers.get('retry-after'));
    waits.push(seconds / 60);
    if (failures === 50 || failures === 90) warnings += 1;
    expect(await countMails(/^Many failed/), `${failures} failures`).toBe(warnings);
    expect(await countMails(/switched off/)).toBe(failures === 100 ? 1 : 0);
    h.clock.advance(seconds * 1_000 + 1);
  }
  expect(waits).toEqual(MINUTES);

  const disabled = await signIn();
  expect([disabled.status, disabled.body.code]).toEqual([401, 'invalid-credentials']);
  expect((await signIn(PASSWORD, owner.deviceToken)).status, 'on a known device too').toBe(401);

  await h.post('/v1/auth/password-reset', { identifier: owner.email });
  const token = tokenIn((await h.mails(owner.email))[0], 'reset');
  const newPassword = 'another long enough sentence';
  expect((await h.post('/v1/auth/password-reset/confirm', { token, newPassword })).status).toBe(204);
  expect((await signIn(newPassword)).status).toBe(200);
});

it('the hundred counts over strangers and known devices together', async () => {
  const owner = await newOwner(h);
  await h.pool.query('update passwords set consecutive_failures = 98 where account_id = $1', [owner.accountId]);
  const fail = (deviceToken?: string) =>
    h.post('/v1/auth/sign-in', {
      identifier: owner.email,
      password: 'a wrong password',
      ...(deviceToken ? { deviceToken } : {}),
    });
  await fail();
  await fail(owner.deviceToken);
  const right = { identifier: owner.email, password: PASSWORD, deviceToken: owner.deviceToken };
  expect((await h.post('/v1/auth/sign-in', right)).status).toBe(401);
});
