import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../src/config.ts';
import { openPlaces } from '../src/places/places.ts';
import { type Harness, openHarness } from './support/harness.ts';
import { makeMmdb } from './support/mmdb.ts';
import { newSignedIn, signIn } from './support/seed.ts';

const berlin = { country: { iso_code: 'DE' }, city: { names: { en: 'Berlin', 'zh-CN': '柏林' } } };
let folder: string;
let file: string;
let h: Harness;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-places-'));
  file = join(folder, 'city.mmdb');
  const networks = {
    '192.0.2.0/24': berlin,
    '198.51.100.0/25': { country: { iso_code: 'JP' } },
    '203.0.113.0/24': { continent: { code: 'EU' } },
    '2001:db8:1::/48': { country: { iso_code: 'FR' }, city: { names: { en: 'Paris' } } },
  };
  await writeFile(file, makeMmdb(networks));
  h = await openHarness({ env: { GEOIP_FILE: file } });
});
afterAll(async () => {
  await h.close();
  await rm(folder, { recursive: true });
});

describe('the place of an address', () => {
  it('stands in the lists of sessions and devices, in the reader’s language', async () => {
    const { email } = await newSignedIn(h);
    const { accessToken: token } = await signIn(h, email, {}, { ip: '192.0.2.7' });
    const of = async (language: string, list: string) =>
      (await h.call('GET', `/v1/me/${list}`, { token, headers: { 'accept-language': language } })).body.items;
    for (const list of ['sessions', 'devices']) {
      expect((await of('en', list))[0].place).toEqual({ country: 'DE', text: 'Berlin, Germany' });
      expect((await of('zh-CN', list))[0].place).toEqual({ country: 'DE', text: '德国柏林' });
      expect((await of('en', list))[1].place, 'a private address').toBeNull();
    }
  });

  it('is as coarse as the file knows it, and null for what it does not know', async () => {
    const places = await openPlaces(file);
    const shown = (ip: string | null) => places(ip, 'en')?.text ?? null;
    expect(shown('198.51.100.1')).toBe('Japan');
    expect(shown('198.51.100.200')).toBeNull();
    expect(shown('203.0.113.1'), 'no country').toBeNull();
    expect(shown('2001:db8:1::5')).toBe('Paris, France');
    expect(places('2001:db8:1::5', 'zh-CN')?.text, 'no Chinese name of the city').toBe('法国Paris');
    for (const ip of ['2001:db8:2::5', '::1', '10.0.0.1', 'nonsense', '', null])
      expect(shown(ip), String(ip)).toBeNull();
  });

  it('is null everywhere without a file', async () => {
    expect((await openPlaces(undefined))('192.0.2.7', 'en')).toBeNull();
  });

  it('is null, and nothing breaks, where the file is damaged', async () => {
    const whole = makeMmdb({ '192.0.2.0/24': berlin });
    const damaged = join(folder, 'damaged.mmdb');
    // Its data, behind the search tree, is filled with pointers to nowhere.
    const start = whole.indexOf('iso_code') - 10;
    await writeFile(damaged, Buffer.from(whole).fill(0x3f, start, start + 30));
    expect((await openPlaces(damaged))('192.0.2.7', 'en')).toBeNull();
  });

  it('stops the start, by name, where the file is missing or is none', async () => {
    const text = join(folder, 'text.mmdb');
    await writeFile(text, 'not a database at all');
    for (const path of [join(folder, 'missing.mmdb'), text, folder]) {
      await expect(openPlaces(path)).rejects.toThrow(ConfigError);
      await expect(openPlaces(path)).rejects.toThrow(`GEOIP_FILE: cannot read ${path}`);
    }
  });
});
