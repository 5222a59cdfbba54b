import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enrolTotp, type Harness, newOwner, openHarness, PASSWORD, totpCode } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const signIn = (identifier: string, extra: object = {}, headers: Record<string, string> = {}) =>
  h.post('/v1/auth/sign-in', { identifier, password: PASSWORD, ...extra }, { headers });

async function countDevices(accountId: string): Promise<number> {
  const { rows } = await h.pool.query('select count(*)::int as n from devices where account_id = $1', [accountId]);
  return rows[0].n;
}

const newDeviceMails = async (email: string) =>
  (await h.mails(email)).filter((mail) => mail.subject.startsWith('New device')).length;

describe('a known device', () => {
  it('DC-4 is renewed by each sign-in that shows its token, and stays one', async () => {
    const owner = await newOwner(h);
    const second = (await signIn(owner.email, { deviceToken: owner.deviceToken })).body.deviceToken;
    const third = (await signIn(owner.email, { deviceToken: second })).body.deviceToken;
    expect(new Set([owner.deviceToken, second, third]).size).toBe(3);
    expect(await countDevices(owner.accountId)).toBe(1);
    await signIn(owner.email, { deviceToken: owner.deviceToken });
    expect(await countDevices(owner.accountId), 'two renewals later the first token names nobody').toBe(2);
  });

  it('is still known by the token before, as an answer can get lost', async () => {
    const owner = await newOwner(h);
    await signIn(owner.email, { deviceToken: owner.deviceToken });
    await signIn(owner.email, { deviceToken: owner.deviceToken });
    await signIn(owner.email, { deviceToken: owner.deviceToken });
    expect(await countDevices(owner.accountId)).toBe(1);
  });

  it('is known by its cookie', async () => {
    const owner = await newOwner(h);
    const cookie = `__Host-holdfast-device=${owner.deviceToken}`;
    const { headers } = await signIn(owner.email, { tokens: 'cookie' }, { cookie });
    expect(headers.getSetCookie()[1]).toMatch(/^__Host-holdfast-device=hf_dt_/);
    expect(headers.getSetCookie()[1]).not.toContain(owner.deviceToken);
    expect(await countDevices(owner.accountId)).toBe(1);
  });

  it('stays the same through a second step that shows its token again, another one, or none', async () => {
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const other = await signInTwice(owner.email, secret, undefined, undefined);
    let { deviceToken } = owner;
    for (const shown of [deviceToken, undefined, other, 'hf_dt_of-nobody-at-all']) {
      const next = await signInTwice(owner.email, secret, deviceToken, shown);
      expect(await countDevices(owner.accountId), String(shown)).toBe(2);
      deviceToken = next;
      expect((await signIn(owner.email, { deviceToken: other })).status, 'the other is itself').toBe(200);
    }
  });

  async function signInTwice(email: string, secret: string, first?: string, second?: string): Promise<string> {
    const { body } = await signIn(email, first ? { deviceToken: first } : {});
    h.clock.advance(30_000);
    const code = totpCode(secret, h.clock.now());
    const answer = { challenge: body.challenge, factor: 'totp', code, ...(second ? { deviceToken: second } : {}) };
    return (await h.post('/v1/auth/second-factor', answer)).body.deviceToken;
  }

  it('is made only after every required factor was right', async () => {
    const owner = await newOwner(h);
    await enrolTotp(h, owner);
    const before = await countDevices(owner.accountId);
    expect((await signIn(owner.email)).body.status).toBe('second-factor-required');
    expect((await signIn(owner.email, { code: '000000' })).status).toBe(401);
    expect(await countDevices(owner.accountId)).toBe(before);
  });

  it('OW-FP4 has a token that stands nowhere, and a number that makes none without the key', async () => {
    const owner = await newOwner(h);
    const { rows } = await h.pool.query('select * from devices where account_id = $1', [owner.accountId]);
    expect(rows[0].token_generation).toBe(0);
    const secret = Buffer.from(owner.deviceToken.replace('hf_dt_', ''), 'base64url').subarray(20);
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(JSON.stringify(rows)).not.toContain(secret.toString(encoding));
  });

  it('is nobody’s with another account’s token, nor with one that was altered anywhere', async () => {
    const [owner, other] = [await newOwner(h), await newOwner(h)];
    const bytes = Buffer.from(owner.deviceToken.replace('hf_dt_', ''), 'base64url');
    const forged = [0, 15, 19, 20, 51].map((at) => {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] as number) ^ 1;
      return `hf_dt_${copy.toString('base64url')}`;
    });
    const presented = [...forged, other.deviceToken, owner.refreshToken, `hf_dt_${bytes.toString('base64url', 0, 40)}`];
    for (const [n, deviceToken] of presented.entries()) {
      expect((await signIn(owner.email, { deviceToken })).status).toBe(200);
      expect(await countDevices(owner.accountId), `a stranger for the ${n + 1}. time`).toBe(n + 2);
    }
  });

  it('is one of at most twenty; the one not seen for longest is forgotten', async () => {
    const owner = await newOwner(h);
    for (let n = 0; n < 20; n++) {
      h.clock.advance(1_000);
      expect((await signIn(owner.email)).status).toBe(200);
    }
    expect(await countDevices(owner.accountId)).toBe(20);
    const { body } = await signIn(owner.email, { deviceToken: owner.deviceToken });
    const { rows } = await h.pool.query(`select detail from events where session_id = $1 and type = $2`, [
      body.sessionId,
      'sign-in.succeeded',
    ]);
    expect(rows[0].detail.isNewDevice, 'the first device is a stranger now').toBe(true);
  });
});

describe('the mail about a new device (V6.3.5)', () => {
  it('is sent from the second device on, with a link that freezes, and not for a known one', async () => {
    const owner = await newOwner(h);
    expect(await newDeviceMails(owner.email)).toBe(0);
    const known = (await signIn(owner.email, { deviceToken: owner.deviceToken })).body.deviceToken;
    expect(await newDeviceMails(owner.email)).toBe(0);
    await signIn(owner.email);
    expect(await newDeviceMails(owner.email)).toBe(1);
    await signIn(owner.email, { deviceToken: known });
    expect(await newDeviceMails(owner.email)).toBe(1);
    const [mail] = await h.mails(owner.email);
    expect(mail?.text).toMatch(/\/freeze#token=hf_ln_/);
  });
});
