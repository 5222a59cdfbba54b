import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isCommonPassword } from '../src/passwords/blocklist.ts';
import { type Harness, newOwner, openHarness, tokenIn } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ env: { SERVICE_NAME: 'Purple Elephant Bank' } });
});
afterAll(() => h.close());

// An address without words: by chance one could stand in a password and be the reason that is named.
const signUp = (password: string, extra: object = {}, headers: Record<string, string> = {}) =>
  h.post('/v1/auth/sign-up', { email: `${randomInt(2 ** 40)}@example.com`, password, ...extra }, { headers });

describe('a new password', () => {
  it.each([
    ['fifteen lower-case letters', 'abdcegfihkjmlon'],
    ['fifteen digits in no pattern', '830174629518374'],
    ['fifteen astral characters', '😀🐙🌵🎲🧭🪐🥨🦉🎺🧲🪁🦑🍄🛶🎡'],
    ['words and spaces', 'correct horse battery staple'],
    ['every printing ASCII sign', ` !"#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~`],
    ['two hundred and fifty-six', 'many words make a long one, '.repeat(10).slice(0, 256)],
    ['a listed one with ten letters more', 'password12345678 qmzpwtxvkr'],
  ])('NB-P2 NB-P3 NB-P5 NB-P10 V6.2.5 V6.2.9 may be %s', async (_name, password) => {
    const { status, text } = await signUp(password);
    expect([status, text]).toEqual([202, '{}']);
  });

  it.each([
    ['too-short', 'abdcegfihkjmlo'],
    ['too-short', '😀🐙🌵🎲🧭🪐🥨🦉🎺🧲🪁🦑🍄🛶'],
    ['too-short', '🏴‍☠️'.repeat(3)],
    ['too-long', 'many words make a long one, '.repeat(10).slice(0, 257)],
    ['common', 'aaaaaaaaaaaaaaaaaaaa'],
    ['common', 'abcabcabcabcabcabc'],
    ['common', '123456123456123456'],
    ['contextual', 'purple elephant bank'],
    ['contextual', 'Purple Elephant Bank 2026!'],
  ])('NB-P1 NB-P4 NB-P11 V6.2.1 V6.2.11 is refused as %s: %s', async (reason, password) => {
    const { status, body } = await signUp(password);
    expect([status, body.code, body.reason]).toEqual([422, 'weak-password', reason]);
    expect(body.errors).toEqual([{ pointer: '/password', detail: body.detail }]);
    expect(body.detail.length).toBeGreaterThan(20);
  });

  it('NB-P8 with a NUL or half a character in it is refused as a whole, not cut there', async () => {
    for (const password of ['seven\u0000teen and more letters', 'seven\ud83dteen and more letters']) {
      const { status, body } = await signUp(password);
      expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'invalid-request', '/password']);
    }
  });

  it('NB-P4 counts code points after NFC', async () => {
    const decomposed = 'é'.normalize('NFD').repeat(14);
    expect([...decomposed]).toHaveLength(28);
    expect((await signUp(decomposed)).body.reason).toBe('too-short');
  });

  it('V6.2.11 is not the address, its parts, the username or the phone', async () => {
    const email = 'bartholomew.cornelius@longish-domain-name.example';
    const username = 'very-long-username-1';
    for (const password of [
      email,
      'bartholomew.cornelius',
      'longish-domain-name.example',
      'VERY-long-username-1',
      '!bartholomew.cornelius!1',
      '+493012345678912',
    ]) {
      const { body } = await signUp(password, { email, username, phone: '+493012345678912' });
      expect(body?.reason, password).toBe('contextual');
    }
  });

  it('V6.2.4 is none of the common ones that are long enough, in any case', async () => {
    const common = ['1qaz2wsx3edc4rfv', 'passwordpassword', 'qwertyuiopasdfgh', 'iloveyousomuch12'];
    const listed = common.filter((password) => isCommonPassword(password));
    expect(listed.length, 'some of the sample are on the list').toBeGreaterThan(0);
    for (const password of listed) {
      expect((await signUp(password)).body?.reason, password).toBe('common');
      expect((await signUp(password.toUpperCase())).body?.reason).toBe('common');
    }
  });

  it.each([
    ['en', 'too-short', /15/],
    ['zh-CN', 'too-short', /[\u4e00-\u9fff].*15|15.*[\u4e00-\u9fff]/],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'too-short', /[\u4e00-\u9fff]/],
    ['de', 'too-short', /[a-z]/],
  ])('NB-P11 has its reason told in %s', async (language, reason, expected) => {
    const { body } = await signUp('short', {}, { 'accept-language': language });
    expect(body.reason).toBe(reason);
    expect(body.detail).toMatch(expected);
  });

  it('NB-P11 has a reason of its own for each weakness in each language', async () => {
    for (const language of ['en', 'zh-CN']) {
      const weak = ['short', 'x y'.repeat(100), 'aaaaaaaaaaaaaaaa', 'purple elephant bank'];
      const details = [];
      for (const password of weak) {
        details.push((await signUp(password, {}, { 'accept-language': language })).body.detail);
      }
      expect(new Set(details).size, language).toBe(4);
    }
  });
});

describe('the same policy', () => {
  it('OW-FP8 holds at a reset, with the account’s own words', async () => {
    const owner = await newOwner(h, { username: 'a-quite-long-username' });
    await h.post('/v1/auth/password-reset', { identifier: owner.email });
    const token = tokenIn((await h.mails(owner.email))[0], 'reset');
    const confirm = (newPassword: string, language = 'en') =>
      h.post('/v1/auth/password-reset/confirm', { token, newPassword }, { headers: { 'accept-language': language } });
    expect((await confirm('short')).body.reason).toBe('too-short');
    expect((await confirm('a-quite-long-username')).body.reason).toBe('contextual');
    expect((await confirm(owner.email)).body.reason).toBe('contextual');
    const chinese = await confirm('aaaaaaaaaaaaaaaaaaaa', 'zh-CN');
    expect([chinese.body.reason, chinese.body.errors[0].pointer]).toEqual(['common', '/newPassword']);
    expect(chinese.body.detail).toMatch(/[\u4e00-\u9fff]/);
    expect((await confirm('x'.repeat(4_097))).body.code).toBe('invalid-request');
  });
});
