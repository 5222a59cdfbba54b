import { readFileSync } from 'node:fs';
import argon2 from 'argon2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHash } from '../src/crypto/foreign-hashes/read-hash.ts';
import { toFirebaseScrypt } from '../src/crypto/foreign-hashes/scrypt.ts';
import { openHasher } from '../src/crypto/hasher.ts';
import { readAccount } from '../src/import/account-line.ts';
import { auth0 } from '../src/import/formats/auth0.ts';
import { readFirebaseParameters } from '../src/import/formats/firebase-parameters.ts';
import { keycloak } from '../src/import/formats/keycloak.ts';
import { learnHashForms } from '../src/passwords/hash-forms.ts';
import { type Harness, newApiKey, openHarness, someEmail } from './support/harness.ts';
import { signIn } from './support/seed.ts';

/** Made by the tools that the file names, none of them ours. */
const vectors = JSON.parse(readFileSync(new URL('./fixtures/foreign-hashes.json', import.meta.url), 'utf8'));
const texts = Object.entries<unknown>(vectors.hashes).filter(
  (entry): entry is [string, string] => typeof entry[1] === 'string',
);
const PASSWORD: string = vectors.password;

function read(text: string) {
  const found = readHash(text);
  if ('fault' in found) throw new Error(found.fault);
  return found;
}

const lines = {
  keycloak: (name: string) =>
    keycloak({ email: 'a@example.com', credentials: [{ type: 'password', ...vectors.hashes[name] }] }, {}),
  auth0: (name: string) => auth0({ email: 'a@example.com', custom_password_hash: vectors.hashes[name] }, {}),
};

let h: Harness;
let key: string;
beforeAll(async () => {
  h = await openHarness({ policy: { 'passwords.argon2id': 'm=19456,t=2,p=1' } });
  key = await newApiKey(h);
});
afterAll(() => h.close());

const create = (more: object) =>
  h.post('/v1/server/accounts', { email: someEmail(), emailConfirmed: true, ...more }, { token: key });

describe('a hash of another system', () => {
  it.each(texts.filter(([name]) => !name.endsWith('long')))(
    '%s: fits its password and no other',
    async (_name, text) => {
      const hash = read(text);
      expect(await hash.verify(PASSWORD)).toBe(true);
      for (const wrong of [`${PASSWORD} `, PASSWORD.toUpperCase(), '', `${PASSWORD}\0`, `${PASSWORD}\0${PASSWORD}`])
        expect(await hash.verify(wrong), JSON.stringify(wrong)).toBe(false);
      // What is stored is read back as what it was.
      expect(read(hash.stored)).toMatchObject({ stored: hash.stored, form: hash.form, isWeak: hash.isWeak });
    },
  );

  it.each(['keycloak pbkdf2-sha256', 'keycloak pbkdf2-sha512', 'keycloak argon2', 'auth0 scrypt'])(
    '%s: fits its password and no other',
    async (name) => {
      const line = lines[name.split(' ')[0] as keyof typeof lines](name);
      const stored = readAccount(line, new Date()).hash?.stored as string;
      expect(await read(stored).verify(PASSWORD)).toBe(true);
      expect(await read(stored).verify('another password')).toBe(false);
    },
  );

  // The vector that github.com/firebase/scrypt publishes in its README.
  it('Firebase: fits the password of the published vector, and the signer key is not kept', async () => {
    const config = `hash_config {
      algorithm: SCRYPT,
      base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
      base64_salt_separator: Bw==,
      rounds: 8,
      mem_cost: 14,
    }`;
    const { signerKey, saltSeparator, rounds, memCost } = readFirebaseParameters(config) as NonNullable<
      ReturnType<typeof readFirebaseParameters>
    >;
    const stored = toFirebaseScrypt({
      ...{ ln: memCost, r: rounds, separator: saltSeparator, signerKey },
      salt: Buffer.from('42xEC+ixf3L2lw==', 'base64'),
      hash: Buffer.from(
        'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
        'base64',
      ),
    });
    expect(await read(stored).verify('user1password')).toBe(true);
    expect(await read(stored).verify('user2password')).toBe(false);
    for (const encoding of ['base64', 'hex'] as const)
      expect(stored).not.toContain(signerKey.toString(encoding).slice(0, 24));
  });

  it('bcrypt cuts at 72 bytes, as whoever made it did, and Django’s bcrypt_sha256 does not', async () => {
    const cut = read(vectors.hashes['crypt(3) 2b long']);
    expect(await cut.verify('x'.repeat(72))).toBe(true);
    expect(await cut.verify('x'.repeat(200))).toBe(true);
    expect(await cut.verify('x'.repeat(71))).toBe(false);
    const whole = read(vectors.hashes['django bcrypt_sha256']);
    expect(await whole.verify(PASSWORD + 'x'.repeat(80))).toBe(false);
  });

  it('agrees with another argon2 library, whatever variant and version', async () => {
    for (const type of [argon2.argon2i, argon2.argon2d, argon2.argon2id] as const)
      for (const version of [0x10, 0x13]) {
        const made = await argon2.hash(PASSWORD, {
          type,
          version,
          memoryCost: 1024,
          timeCost: 2,
          parallelism: 2,
          hashLength: 24,
        });
        const bare = made.replace('v=16$', '');
        expect(await read(bare).verify(PASSWORD), bare).toBe(true);
        expect(await read(bare).verify('another password'), bare).toBe(false);
      }
  });

  it.each([
    ['bcrypt past cost 15', '$2b$16$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG'],
    ['PBKDF2 past ten million iterations', `$pbkdf2-sha256$i=10000001,l=32$c2FsdHNhbHQ$${'A'.repeat(43)}`],
    ['argon2 past 256 MiB', `$argon2id$v=19$m=262145,t=1,p=1$c2FsdHNhbHQ$${'A'.repeat(43)}`],
    ['argon2 with endless passes', `$argon2id$v=19$m=65536,t=9999,p=1$c2FsdHNhbHQ$${'A'.repeat(43)}`],
    ['scrypt past 256 MiB', `$scrypt$ln=19,r=8,p=1$c2FsdHNhbHQ$${'A'.repeat(43)}`],
    ['scrypt with endless lanes', `$scrypt$ln=15,r=8,p=9999$c2FsdHNhbHQ$${'A'.repeat(43)}`],
    ['Django’s scrypt past 256 MiB', `scrypt$1048576$salt$8$1$${'A'.repeat(44)}`],
  ])('OW-AU8 is refused where checking it would starve others: %s', async (_what, passwordHash) => {
    const { status, body } = await create({ passwordHash });
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'invalid-request', '/passwordHash']);
    expect(body.errors[0].detail).toContain('too expensive');
  });

  it.each([
    'hunter2hunter2hunter2',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    '$1$abcdefgh$abcdefghijklmnopqrstuv',
    '$2x$10$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG',
    '$2b$03$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG',
    '$2b$10$short',
    '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA',
    '$argon2id$v=19$m=1,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
    `$scrypt$ln=0,r=8,p=1$c2FsdHNhbHQ$${'A'.repeat(43)}`,
    `scrypt$1000$salt$8$1$${'A'.repeat(44)}`,
    '$pbkdf2-sha256$i=1000,l=8$c2FsdHNhbHQ$AAAAAAAAAAA',
    `$pbkdf2-md5$i=1000,l=32$c2FsdHNhbHQ$${'A'.repeat(43)}`,
    'md5$salt$5f4dcc3b5aa765d61d8327deb882cf99',
  ])('is refused where it is none that can be checked: %s', async (passwordHash) => {
    const { status, body } = await create({ passwordHash });
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'invalid-request', '/passwordHash']);
  });

  it('tells a weak one from one of today’s strength', () => {
    for (const [, text] of texts) expect(read(text).isWeak).toBe(true);
    for (const strong of [
      '$2b$10$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG',
      `$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$${'A'.repeat(43)}`,
      `$pbkdf2-sha256$i=600000,l=32$c2FsdHNhbHQ$${'A'.repeat(43)}`,
      `$scrypt$ln=17,r=8,p=1$c2FsdHNhbHQ$${'A'.repeat(43)}`,
    ])
      expect(read(strong).isWeak, strong).toBe(false);
  });
});

describe('an account with a foreign hash', () => {
  it.each(texts.filter(([name]) => !name.endsWith('long')))(
    'V11.2.2 V11.4.2 signs in with its password, and the hash is made anew: %s',
    async (_name, passwordHash) => {
      const { body } = await create({ passwordHash });
      const stored = async () =>
        (await h.pool.query('select hash from passwords where account_id = $1', [body.id])).rows[0].hash;
      expect(await stored()).toBe(read(passwordHash).stored);
      expect((await signIn(h, body.email, { password: 'not the right one' })).code).toBe('invalid-credentials');
      expect(await stored()).toBe(read(passwordHash).stored);
      expect((await signIn(h, body.email, { password: PASSWORD })).status).toBe('signed-in');
      expect(await stored()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect((await signIn(h, body.email, { password: PASSWORD })).status).toBe('signed-in');
      expect((await signIn(h, body.email, { password: 'not the right one' })).code).toBe('invalid-credentials');
    },
  );

  it('lets five first sign-ins at once in, and ends with one hash of today', async () => {
    const { body } = await create({ passwordHash: vectors.hashes['django scrypt'] });
    const answers = await Promise.all(Array.from({ length: 5 }, () => signIn(h, body.email, { password: PASSWORD })));
    expect(answers.map((answer) => answer.status)).toEqual(Array(5).fill('signed-in'));
    const { rows } = await h.pool.query('select hash from passwords where account_id = $1', [body.id]);
    expect(rows[0].hash).toMatch(/^\$argon2id\$/);
  });

  it('takes a hash or a password, never both', async () => {
    const { status, body } = await create({ password: 'a password of some length', passwordHash: texts[0]?.[1] });
    expect([status, body.errors]).toEqual([
      422,
      [{ pointer: '/passwordHash', detail: 'must not be given beside a password' }],
    ]);
  });
});

describe('V6.3.8 an identifier that nobody has', () => {
  const SLOW = '$2b$12$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG';
  const whose = (share: number) => Buffer.from([Math.floor(share * 256), 0, 0, 0]);

  it('takes as long as those do whose hashes came from elsewhere, always the same for the same identifier', async () => {
    const hasher = await openHasher('m=19456,t=2,p=1', 2, 8);
    const own = await hasher.hash('somebody’s password');
    hasher.imitate([...Array(5).fill(SLOW), ...Array(5).fill(own)]);
    const time = async (work: () => Promise<boolean>) => {
      const times = [];
      for (let round = 0; round < 2; round++) {
        const began = performance.now();
        expect(await work()).toBe(false);
        times.push(performance.now() - began);
      }
      return Math.min(...times);
    };
    const slow = await time(() => hasher.verify(SLOW, 'wrong'));
    const quick = await time(() => hasher.verify(own, 'wrong'));
    expect(slow).toBeGreaterThan(2 * quick);
    const nobodies = [];
    for (const share of [0, 0.3, 0.7, 0.99])
      nobodies.push(await time(() => hasher.verify(undefined, 'wrong', whose(share))));
    expect(nobodies.filter((ms) => ms > (slow + quick) / 2)).toHaveLength(2);
    expect(nobodies.filter((ms) => ms < (slow + quick) / 2)).toHaveLength(2);
  });

  it('is let in by no password, not even that of the hash it is measured by', async () => {
    const hasher = await openHasher('m=19456,t=2,p=1', 2, 8);
    hasher.imitate(texts.map(([, text]) => read(text).stored));
    for (let share = 0; share < 1; share += 1 / 16)
      expect(await hasher.verify(undefined, PASSWORD, whose(share))).toBe(false);
  });

  it('learns the forms from the accounts there are', async () => {
    const own = await openHarness({ policy: { 'passwords.argon2id': 'm=19456,t=2,p=1' } });
    try {
      const token = await newApiKey(own);
      for (let n = 0; n < 8; n++)
        await own.post(
          '/v1/server/accounts',
          { email: someEmail(), emailConfirmed: true, passwordHash: SLOW },
          { token },
        );
      const time = async () => {
        const began = performance.now();
        await signIn(own, someEmail(), { password: 'wrong' });
        return performance.now() - began;
      };
      const before = Math.min(await time(), await time(), await time(), await time());
      await learnHashForms(own.instance.ctx);
      expect(Math.min(await time(), await time())).toBeGreaterThan(2 * before);
    } finally {
      await own.close();
    }
  });
});
