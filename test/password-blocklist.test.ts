import { dictionary } from '@zxcvbn-ts/language-common';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isCommonPassword } from '../src/passwords/blocklist.ts';
import { fold } from '../src/passwords/context-words.ts';
import { type Harness, openHarness, someEmail } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  const env = { SERVICE_NAME: 'Purple Elephant Bank', CONTEXT_WORDS: 'Kolibri, project nightjar' };
  h = await openHarness({ env: { ...env, PUBLIC_URL: 'https://meine-elefantenbank.example' } });
});
afterAll(() => h.close());

const listed = (dictionary['passwords-common'] ?? []).map(String);
const lengthOf = (text: string) => [...text].length;
const isRefused = (password: string) => isCommonPassword(fold(password));

async function reasonOf(password: string, extra: object = {}): Promise<string | undefined> {
  const { body } = await h.post('/v1/auth/sign-up', { email: someEmail(), password, ...extra });
  return body.reason;
}

describe('V6.2.4 the blocklist', () => {
  it('holds every entry of the list that is at least eight long, the shortest the policy can be set to', () => {
    const long = listed.filter((entry) => lengthOf(entry) >= 8);
    expect(long.length).toBeGreaterThan(17_000);
    expect(long.filter((entry) => !isRefused(entry))).toEqual([]);
  });

  it('holds well over three thousand of fifteen and more: the common ones doubled, joined and with a run behind', () => {
    const top = listed.slice(0, 3_000);
    const made = new Set([
      ...top.map((entry) => entry.repeat(Math.max(2, Math.ceil(15 / entry.length)))),
      ...top.map((entry) => `${entry}123456789`),
      ...top.map((entry, place) => `${entry}${top[(place * 7 + 1) % top.length]}`),
      ...top.map((entry) => `${entry}${entry}2024!`),
    ]);
    const long = [...made, ...listed].filter((entry) => lengthOf(entry) >= 15);
    expect(long.length).toBeGreaterThan(6_000);
    expect(long.filter((entry) => !isRefused(entry))).toEqual([]);
  });

  it.each([
    ['doubled', 'passwordpassword'],
    ['doubled and more', 'sunshinesunshine1!'],
    ['two words', 'dragonmonkey2024!'],
    ['signs for letters', 'P@ssw0rdP@ssw0rd'],
    ['full width', 'ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ'],
    ['rows', 'qwertyuiopasdfgh'],
    ['rows with Shift', '!@#$%^&*()qwerty'],
    ['columns', '1qaz2wsx3edc4rfv'],
    ['a zigzag', 'q1w2e3r4t5y6u7i8'],
    ['a number pad', '147258369147258369'],
    ['there and back', '12345678987654321'],
    ['the alphabet', 'abcdefghijklmnopq'],
    ['a phrase', 'iloveyousomuch12'],
    ['pinyin and numbers', 'woaini5201314woaini'],
    ['numbers that sound like words', 'woaini1314520!!'],
    ['a name and a birthday', 'zhangwei19900101'],
    ['another', 'LiuXiaoming19881212'],
    ['payment and slang', 'alipay5201314qq'],
    ['chat and a name', 'wechat@2024wang'],
    ['a password that says so', 'wodemimashi123456'],
    ['a wish', 'gongxifacai888888'],
  ])('refuses %s: %s', async (_name, password) => {
    expect(await reasonOf(password)).toBe('common');
  });

  it('has the slang as whole passwords too, for where eight characters will do', () => {
    for (const password of [
      'woaini1314',
      '5201314520',
      'woaini520',
      'qq123456',
      'wangwei123',
      'alipay123',
      'dragon!7',
    ]) {
      expect(isRefused(password), password).toBe(true);
    }
  });
});

describe('NB-P10 what is not on it as a whole is accepted', () => {
  it.each([
    'correct horse battery staple',
    'password12345678 qmzpwtxvkr',
    'woaini1314 qmzpwtxvkr',
    'three unusual teapots',
    'kT9#xQ2m8xq4mz7p',
    '我家的猫喜欢在窗台上晒太阳的下午',
    'ich wohne im dritten Stock links',
  ])('such as %s', async (password) => {
    expect(await reasonOf(password)).toBeUndefined();
  });

  it('V6.2.5 such as what a password manager makes, of letters or digits alone or of anything', () => {
    const made = (alphabet: string, length: number) =>
      fc.array(fc.constantFrom(...alphabet), { minLength: length, maxLength: length }).map((all) => all.join(''));
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    const rates = [letters, '0123456789', `${letters}${letters.toUpperCase()}0123456789!@#$%^&*-_`].map((alphabet) => {
      const sample = fc.sample(made(alphabet, 16), { numRuns: 2_000, seed: 7 });
      return sample.filter(isRefused).length;
    });
    expect(Math.max(...rates)).toBeLessThanOrEqual(2);
  });

  it('OW-AU8 and the longest is judged at once', () => {
    for (const password of ['password'.repeat(32), 'dragonmonkey1'.repeat(20).slice(0, 255), `${'1q'.repeat(127)}é`]) {
      const began = performance.now();
      isRefused(password);
      expect(performance.now() - began).toBeLessThan(100);
    }
  });
});

describe('V6.1.2 V6.2.11 words of the account and the service', () => {
  const account = { email: 'anneliese.zuckerberger@familie-zuckerberger.example', username: 'annelieschen' };
  it.each([
    ['the parts of the name', 'ZuckerbergerAnneliese'],
    ['one part and a year', 'zuckerberger1974'],
    ['the username and a common word', 'annelieschenpassword'],
    ['with signs for letters', '4nnel1esch3n2024'],
    ['the domain', 'familie-zuckerberger!'],
    ['the phone’s digits', '004915112345678'],
    ['the phone as it is dialled at home', '015112345678!!!'],
    ['the service’s name in one word', 'PurpleElephantBank1'],
    ['the words of it turned round', 'bank elephant purple'],
    ['the service’s address', 'meine-elefantenbank.example'],
    ['a word of the operator’s', 'kolibrikolibri2026'],
    ['two of them', 'kolibri-nightjar'],
    ['the product', 'holdfastholdfast'],
  ])('make no password: %s', async (_name, password) => {
    expect(await reasonOf(password, { ...account, phone: '+4915112345678' })).toBe('contextual');
  });

  it('may stand in one that is more than they are', async () => {
    expect(await reasonOf('anneliese mag keine lauten Montage', account)).toBeUndefined();
    expect(await reasonOf('zuckerberger1974', { email: 'someone@else.example' })).toBeUndefined();
  });
});
