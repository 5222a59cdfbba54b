import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { generateSecret } from 'otplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRecoveryCode, matchTotp, readRecoveryCode, totpUri } from '../src/second-factors/rules.ts';
import { type Harness, newOwner, openHarness, PASSWORD, strengthen, tokenIn } from './support/harness.ts';

// The ASCII secret `12345678901234567890` of both RFCs.
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const at = (seconds: number) => new Date(seconds * 1000);

describe('the vectors of RFC 4226 appendix D', () => {
  it.each([
    [0, '755224'],
    [1, '287082'],
    [2, '359152'],
    [3, '969429'],
    [4, '338314'],
    [5, '254676'],
    [6, '287922'],
    [7, '162583'],
    [8, '399871'],
    [9, '520489'],
  ])('OT-2 counter %i is %s', (counter, code) => {
    expect(matchTotp(SECRET, code, at(counter * 30))).toBe(counter);
  });
});

describe('the vectors of RFC 6238 appendix B, SHA-1, their last six digits', () => {
  it.each([
    [59, '287082', 0x1],
    [1111111109, '081804', 0x23523ec],
    [1111111111, '050471', 0x23523ed],
    [1234567890, '005924', 0x273ef07],
    [2000000000, '279037', 0x3f940aa],
    [20000000000, '353130', 0x27bc86aa],
  ])('OT-5 at %i s it is %s', (seconds, code, step) => {
    expect(matchTotp(SECRET, code, at(seconds))).toBe(step);
  });
});

describe('the window', () => {
  const step = 41152263;
  const start = step * 30;
  it.each([
    [start - 1, undefined],
    [start, step],
    [start + 29.999, step],
    [start + 30, step],
    [start + 59.999, step],
    [start + 60, undefined],
    [start - 30, undefined],
    [start + 90, undefined],
  ])('OT-5 K6 at %d s the code of one step is taken now and one step later, never ahead', (seconds, matched) => {
    expect(matchTotp(SECRET, '005924', at(1234567890))).toBe(step);
    expect(matchTotp(SECRET, '005924', at(seconds))).toBe(matched);
  });

  it.each([
    '',
    '5924',
    '05924',
    '0005924',
    ' 005924',
    '005924 ',
    '00 5924',
    '００５９２４',
    '+05924',
    '5924.0',
    '0x1724',
  ])('takes %j for no code at all', (code) => {
    expect(matchTotp(SECRET, code, at(1234567890))).toBeUndefined();
  });
});

const hasOathtool = spawnSync('oathtool', ['--version']).status === 0;

describe.runIf(hasOathtool)('oathtool', () => {
  it('makes the codes we take, for random secrets and times', () => {
    for (let n = 0; n < 20; n++) {
      const secret = generateSecret({ length: 20 });
      const seconds = randomInt(2 ** 33);
      const code = execFileSync('oathtool', ['--totp', '-b', secret, '-N', `@${seconds}`], { encoding: 'utf8' }).trim();
      expect(matchTotp(secret, code, at(seconds)), `${secret} at ${seconds}`).toBe(Math.floor(seconds / 30));
      expect(matchTotp(secret, code, at(seconds + 60))).not.toBe(Math.floor(seconds / 30));
    }
  });
});

describe.runIf(hasOathtool)('oathtool as the owner’s app, over HTTP', () => {
  let h: Harness;
  beforeAll(async () => {
    h = await openHarness();
  });
  afterAll(() => h.close());

  /** What an app does: all it knows is the key URI of the picture. */
  function codeOf(otpauthUri: string): string {
    const { searchParams } = new URL(otpauthUri);
    const said = (name: string) => searchParams.get(name) as string;
    const flags = [`--totp=${said('algorithm').toLowerCase()}`, '-d', said('digits'), '-s', `${said('period')}s`];
    const now = `@${h.clock.now().getTime() / 1000}`;
    return execFileSync('oathtool', [...flags, '-b', said('secret'), '-N', now], { encoding: 'utf8' }).trim();
  }

  it('OT-2 OT-5 enrols by the URI of the answer, signs in, adds a second one and resets the password', async () => {
    const owner = await newOwner(h);
    const token = owner.accessToken;
    const first = (await h.post('/v1/me/totp', {}, { token })).body.otpauthUri;
    expect((await h.post('/v1/me/totp/confirm', { code: codeOf(first) }, { token })).body.recoveryCodes).toHaveLength(
      10,
    );
    await strengthen(h, token);
    h.clock.advance(30_000);
    const second = (await h.post('/v1/me/totp', { name: 'Tablet', code: codeOf(first) }, { token })).body.otpauthUri;
    expect((await h.post('/v1/me/totp/confirm', { code: codeOf(second) }, { token })).status).toBe(200);
    h.clock.advance(30_000);
    for (const uri of [first, second]) {
      const credentials = { identifier: owner.email, password: PASSWORD };
      expect((await h.post('/v1/auth/sign-in', { ...credentials, code: codeOf(uri) })).status).toBe(200);
    }
    h.clock.advance(30_000);
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const reset = tokenIn((await h.mails(owner.email))[0], 'reset');
    const body = { token: reset, newPassword: 'another long enough sentence', code: codeOf(second) };
    expect((await h.post('/v1/auth/password-reset/confirm', body)).status).toBe(204);
  });
});

describe('the key URI', () => {
  it('says all that an authenticator app needs', () => {
    const uri = new URL(totpUri('My Wallet', 'ana+1@example.com', SECRET));
    expect(uri.protocol).toBe('otpauth:');
    expect(uri.host).toBe('totp');
    expect(decodeURIComponent(uri.pathname)).toBe('/My Wallet:ana+1@example.com');
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      secret: SECRET,
      issuer: 'My Wallet',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
  });
});

describe('a recovery code', () => {
  it('NB-R1 V6.5.4 has a selector and sixteen secret characters out of 32: 80 bits', () => {
    const seen = new Set<string>();
    const letters = new Map<string, number>();
    for (let n = 0; n < 2_000; n++) {
      const { selector, text } = makeRecoveryCode(randomBytes(20));
      expect(text).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$/);
      expect(text.startsWith(`${selector}-`)).toBe(true);
      seen.add(text.slice(5));
      for (const letter of text.replaceAll('-', '')) letters.set(letter, (letters.get(letter) ?? 0) + 1);
    }
    expect(seen.size).toBe(2_000);
    expect(letters.size).toBe(32);
    // 40,000 draws, 1,250 of each expected; six standard deviations are 209.
    for (const [letter, count] of letters) expect(Math.abs(count - 1_250), letter).toBeLessThan(209);
  });

  it('is read however it was typed', () => {
    const code = { selector: '01AB', text: '01AB-CDEF-GHJK-MNPQ-RSTV' };
    for (const typed of [
      '01AB-CDEF-GHJK-MNPQ-RSTV',
      '01abcdefghjkmnpqrstv',
      ' oiab cdef ghjk mnpq rstv ',
      'OLAB-cdefghjk-MNPQRSTV',
    ]) {
      expect(readRecoveryCode(typed), typed).toEqual(code);
    }
    for (const typed of [
      '',
      '123456',
      '01AB-CDEF-GHJK-MNPQ-RST',
      '01AB-CDEF-GHJK-MNPQ-RSTVW',
      '01AB-CDEF-GHJK-MNPQ-RSTU',
    ]) {
      expect(readRecoveryCode(typed), typed).toBeUndefined();
    }
  });
});
