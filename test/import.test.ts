import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BadLine } from '../src/import/batch.ts';
import { importAccounts, type Job } from '../src/import/import.ts';
import { showProgress } from '../src/import/progress.ts';
import { openFile, openStream } from '../src/import/source.ts';
import { type Harness, openHarness, someEmail, tokenIn, totpCode } from './support/harness.ts';
import { hostKey, newAccount, signIn } from './support/seed.ts';

const vectors = JSON.parse(await readFile(new URL('./fixtures/foreign-hashes.json', import.meta.url), 'utf8'));
const PASSWORD: string = vectors.password;
const HASH: string = vectors.hashes['bcrypt 2b'];

let h: Harness;
let folder: string;
beforeAll(async () => {
  h = await openHarness();
  folder = await mkdtemp(join(tmpdir(), 'import-'));
});
afterAll(async () => {
  await h.close();
  await rm(folder, { recursive: true, force: true });
});

const actor = { kind: 'system' } as const;
const write = async (name: string, lines: unknown[]) => {
  const path = join(folder, name);
  await writeFile(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  return path;
};

async function take(job: Partial<Job> & Pick<Job, 'source'>) {
  const bad: BadLine[] = [];
  const outcome = await importAccounts(h.instance.ctx, {
    ...{ format: 'holdfast', hints: {}, isRehearsal: false, isResumed: false, sendMails: true, actor },
    isStopped: () => false,
    async onBatch(_tally, lines) {
      bad.push(...lines);
    },
    ...job,
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into outcomes of every kind.
  return { ...(outcome as any), bad };
}

const fromLines = (lines: unknown[], job: Partial<Job> = {}) =>
  take({
    source: openStream(
      Readable.from([
        Buffer.from(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')),
      ]),
    ),
    ...job,
  });

const people = (count: number, tag = Math.random().toString(36).slice(2, 8)) =>
  Array.from({ length: count }, (_, n) => ({
    email: `p${n}.${tag}@example.com`,
    emailConfirmed: true,
    externalId: `${tag}-${n}`,
    passwordHash: HASH,
  }));

const accountsLike = async (tag: string) =>
  (await h.pool.query('select count(*)::int as n from accounts where email like $1', [`%${tag}%`])).rows[0].n;

describe('an import', () => {
  it('makes accounts as the host would: found, signed in, recorded, and told nothing', async () => {
    const email = `Zoe.${someEmail()}`;
    const line = {
      ...{ email, emailConfirmed: true, username: `Zoe.${Date.now()}`, phone: '+49 30 1234567', phoneConfirmed: true },
      ...{ locale: 'zh-CN', externalId: `x-${email}`, passwordHash: HASH, createdAt: '2019-03-04T05:06:07+01:00' },
    };
    expect(await fromLines([line])).toMatchObject({ outcome: 'finished', tally: { imported: 1, skipped: 0, weak: 1 } });
    const found = (await h.get(`/v1/server/accounts/external:${encodeURIComponent(line.externalId)}`, await hostKey(h)))
      .body;
    expect(found).toMatchObject({
      ...{
        email,
        emailConfirmed: true,
        username: line.username.toLowerCase(),
        phone: '+49301234567',
        phoneConfirmed: true,
      },
      ...{ locale: 'zh-CN', createdAt: '2019-03-04T04:06:07.000Z' },
    });
    expect(await h.mails(email)).toEqual([]);
    for (const identifier of [email, line.username, line.phone])
      expect((await signIn(h, identifier, { password: PASSWORD })).status, identifier).toBe('signed-in');
    const { rows } = await h.pool.query(
      "select detail from events where account_id = $1 and type = 'account.created'",
      [found.id],
    );
    expect(rows).toEqual([
      { detail: { externalId: line.externalId, emailConfirmed: true, importId: expect.any(String) } },
    ]);
  });

  it('mails those whose address nobody confirmed, unless told not to', async () => {
    const [asked, quiet] = [someEmail(), someEmail()];
    await fromLines([{ email: asked, passwordHash: HASH }]);
    await fromLines([{ email: quiet, passwordHash: HASH }], { sendMails: false });
    expect((await signIn(h, asked, { password: PASSWORD })).code).toBe('invalid-credentials');
    await h.post('/v1/auth/email-confirmation', { token: tokenIn((await h.mails(asked))[0], 'confirm') });
    expect((await signIn(h, asked, { password: PASSWORD })).status).toBe('signed-in');
    expect(await h.mails(quiet)).toEqual([]);
  });

  it('takes an authenticator along, sealed', async () => {
    const [email, secret] = [someEmail(), 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'];
    await fromLines([{ email, emailConfirmed: true, passwordHash: HASH, totp: { secret } }]);
    expect((await signIn(h, email, { password: PASSWORD })).status).toBe('second-factor-required');
    const code = totpCode(secret, h.clock.now());
    expect((await signIn(h, email, { password: PASSWORD, code })).status).toBe('signed-in');
    const { rows } = await h.pool.query('select secret from totp_factors');
    expect(rows.map((row) => row.secret).join()).not.toContain(secret);
  });

  it('says of every bad line its number and reason, leaves it out and goes on', async () => {
    const taken = await newAccount(h, { username: `taken.${Date.now()}`, externalId: `taken-${Date.now()}` });
    const key = await hostKey(h);
    const { username, externalId } = (await h.get(`/v1/server/accounts/${taken.accountId}`, key)).body;
    const twice = someEmail();
    const ok = () => ({ email: someEmail() });
    const lines = [
      ok(),
      'no JSON at all',
      '[]',
      { emailConfirmed: true },
      { email: 'two@example.com,three@example.com' },
      { ...ok(), passwordHash: '5f4dcc3b5aa765d61d8327deb882cf99' },
      { ...ok(), passwordHash: HASH.replace('$04$', '$16$') },
      { ...ok(), pasword: 'x' },
      { ...ok(), createdAt: '2999-01-01T00:00:00Z' },
      { ...ok(), username: 'a b' },
      { ...ok(), totp: { secret: 'JBSWY3DPEHPK3PXP' } },
      { ...ok(), externalId: 'nul\u0000' },
      { email: taken.email.toUpperCase() },
      { ...ok(), username: username.toUpperCase() },
      { ...ok(), externalId },
      '',
      { email: twice },
      { email: twice },
      ok(),
    ];
    const { outcome, tally, bad } = await fromLines(lines);
    expect([outcome, tally.line, tally.imported, tally.skipped]).toEqual(['finished', 19, 3, 15]);
    expect(bad.map(({ line, field }: BadLine) => [line, field])).toEqual([
      ...[
        [2, ''],
        [3, ''],
        [4, '/email'],
        [5, '/email'],
        [6, '/passwordHash'],
        [7, '/passwordHash'],
        [8, '/pasword'],
      ],
      ...[
        [9, '/createdAt'],
        [10, '/username'],
        [11, '/totp/secret'],
        [12, '/externalId'],
        [13, '/email'],
      ],
      ...[
        [14, '/username'],
        [15, '/externalId'],
        [18, '/email'],
      ],
    ]);
    for (const { reason } of bad) expect(reason).toMatch(/\w{3}/);
  });

  it('stands lines of any length, bytes of any kind and the ends of lines of any system', async () => {
    const good = (email: string) => Buffer.from(JSON.stringify({ email }));
    const bytes = Buffer.concat([
      Buffer.from('\uFEFF'),
      ...[good(someEmail()), Buffer.from('\r\n'), Buffer.alloc(3_000_000, 'x'), Buffer.from('\n')],
      ...[Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), Buffer.from('\r\n\r\n'), good(someEmail())],
    ]);
    for (const size of [65_536, bytes.length]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      const { tally, bad } = await take({ source: openStream(Readable.from(pieces)), isRehearsal: true });
      expect([tally.line, tally.imported, bad.map(({ line }: BadLine) => line)]).toEqual([5, 2, [2, 3]]);
    }
  });

  it('refuses one JSON document, and says what makes lines of it', async () => {
    for (const document of [
      '[\n{"email":"a@example.com"}\n]',
      '{"users":[{"email":"a@example.com"}]}',
      '{\n "users": []\n}',
    ])
      await expect(fromLines(document.split('\n'))).rejects.toThrow('jq');
  });

  it('writes nothing on a dry run, and finds the same bad lines', async () => {
    const lines = [...people(1_500, 'dry'), people(1, 'dry')[0], { email: 'x' }];
    const path = await write('dry.ndjson', lines);
    const tables = async () => {
      const names = ['accounts', 'identifiers', 'passwords', 'events', 'deliveries', 'imports'];
      const sql = names.map((name) => `(select count(*) from ${name}) as ${name}`).join();
      return (await h.pool.query(`select ${sql}`)).rows[0];
    };
    const before = await tables();
    const rehearsed = await take({ source: await openFile(path), isRehearsal: true });
    expect(await tables()).toEqual(before);
    const real = await take({ source: await openFile(path) });
    expect(rehearsed.bad.map(({ line }: BadLine) => line)).toEqual([1501, 1502]);
    expect(real.bad.map(({ line }: BadLine) => line)).toEqual([1501, 1502]);
    expect(rehearsed.tally).toEqual(real.tally);
    expect(await accountsLike('.dry@')).toBe(1_500);
  });

  it('reads a packed file as it does a plain one', async () => {
    const path = join(folder, 'packed.ndjson.gz');
    await writeFile(
      path,
      gzipSync(
        people(20, 'packed')
          .map((line) => JSON.stringify(line))
          .join('\n'),
      ),
    );
    expect((await take({ source: await openFile(path) })).tally.imported).toBe(20);
  });
});

describe('a file', () => {
  it('is gone on with where it was left, without a gap or a double', async () => {
    const path = await write('long.ndjson', people(3_500, 'long'));
    let batches = 0;
    const stopped = await take({ source: await openFile(path), isStopped: () => ++batches === 2 });
    expect([stopped.outcome, stopped.tally.line]).toEqual(['stopped', 2_000]);
    const unasked = await take({ source: await openFile(path) });
    expect([unasked.outcome, unasked.earlier.line]).toEqual(['begun-before', 2_000]);
    const resumed = await take({ source: await openFile(path), isResumed: true });
    expect([resumed.outcome, resumed.tally.line, resumed.tally.imported, resumed.bad]).toEqual([
      'finished',
      3_500,
      3_500,
      [],
    ]);
    expect(await accountsLike('.long@')).toBe(3_500);
    const again = await take({ source: await openFile(path), isResumed: true });
    expect([again.outcome, again.earlier.imported]).toEqual(['finished-before', 3_500]);
  });

  it('loses its batch whole when the batch fails, and no other', async () => {
    const path = await write('broken.ndjson', people(2_500, 'broken'));
    await h.pool.query(`create function refuse_one() returns trigger language plpgsql as $$
      begin if new.email = 'p1700.broken@example.com' then raise exception 'no disk'; end if; return new; end $$`);
    await h.pool.query(
      'create trigger refuse_one before insert on accounts for each row execute function refuse_one()',
    );
    await expect(take({ source: await openFile(path) })).rejects.toThrow('no disk');
    expect(await accountsLike('.broken@')).toBe(1_000);
    await h.pool.query('drop trigger refuse_one on accounts');
    const { tally, bad } = await take({ source: await openFile(path), isResumed: true });
    expect([tally.imported, bad]).toEqual([2_500, []]);
    expect(await accountsLike('.broken@')).toBe(2_500);
  });

  it('is imported by one of sixteen who start at once', async () => {
    const path = await write('race.ndjson', people(1_200, 'race'));
    const outcomes = await Promise.all(Array.from({ length: 16 }, async () => take({ source: await openFile(path) })));
    const finished = outcomes.filter(({ outcome }) => outcome === 'finished');
    expect(finished).toHaveLength(1);
    expect(finished[0]?.tally.imported).toBe(1_200);
    expect(await accountsLike('.race@')).toBe(1_200);
  });

  it('shares its people with another file that comes at once: each becomes one account', async () => {
    const all = people(1_500, 'both');
    const paths = [await write('one.ndjson', all), await write('two.ndjson', all.toReversed())];
    const outcomes = await Promise.all(paths.map(async (path) => take({ source: await openFile(path) })));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['finished', 'finished']);
    expect(outcomes.reduce((sum, { tally }) => sum + tally.imported, 0)).toBe(1_500);
    expect(outcomes.reduce((sum, { bad }) => sum + bad.length, 0)).toBe(1_500);
    expect(await accountsLike('.both@')).toBe(1_500);
  });
});

describe('an export of another system', () => {
  const signsIn = async (email: string, password = PASSWORD) => (await signIn(h, email, { password })).status;

  it('of Auth0 is read, also in the form of its imports', async () => {
    const [exported, custom, blocked, md5] = [someEmail(), someEmail(), someEmail(), someEmail()];
    const lines = [
      {
        _id: { $oid: `5f${Date.now()}` },
        email: exported,
        email_verified: true,
        passwordHash: HASH,
        tenant: 't',
        connection: 'c',
      },
      { email: custom, email_verified: true, custom_password_hash: vectors.hashes['auth0 scrypt'], app_metadata: {} },
      { email: blocked, email_verified: true, blocked: true },
      { email: md5, custom_password_hash: { algorithm: 'md5', hash: { value: 'x' } } },
    ];
    const { tally, bad } = await fromLines(lines, { format: 'auth0' });
    expect([tally.imported, bad.map(({ line, field }: BadLine) => [line, field])]).toEqual([
      2,
      [
        [3, '/blocked'],
        [4, '/custom_password_hash'],
      ],
    ]);
    expect([await signsIn(exported), await signsIn(custom)]).toEqual(['signed-in', 'signed-in']);
  });

  it('of Firebase is read with the parameters of its project', async () => {
    const email = someEmail();
    const user = {
      ...{ localId: `l${Date.now()}`, email, emailVerified: true, createdAt: '1486324541000', disabled: false },
      passwordHash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
      ...{ salt: '42xEC+ixf3L2lw==', phoneNumber: '+4915112345678', providerUserInfo: [] },
    };
    const without = await fromLines([user], { format: 'firebase' });
    expect(without.bad).toMatchObject([
      { line: 1, field: '/passwordHash', reason: expect.stringContaining('--hash-config') },
    ]);
    const signerKey = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==';
    const firebase = {
      signerKey: Buffer.from(signerKey, 'base64'),
      saltSeparator: Buffer.from('Bw==', 'base64'),
      rounds: 8,
      memCost: 14,
    };
    const { tally } = await fromLines([user], { format: 'firebase', hints: { firebase } });
    expect(tally.imported).toBe(1);
    expect(await signsIn('+4915112345678', 'user1password')).toBe('signed-in');
  });

  it('of Keycloak is read with its authenticators', async () => {
    const names = ['keycloak pbkdf2-sha256', 'keycloak pbkdf2-sha512', 'keycloak argon2'];
    const users = names.map((name, n) => ({
      ...{
        id: `k${n}-${Date.now()}`,
        username: `kc${n}.${Date.now()}`,
        email: someEmail(),
        emailVerified: true,
        enabled: true,
      },
      ...{ createdTimestamp: 1_600_000_000_000, totp: false, requiredActions: [], realmRoles: ['x'] },
      credentials: [{ id: 'c', type: 'password', createdDate: 1, ...vectors.hashes[name] }],
    }));
    const otp = {
      type: 'otp',
      secretData: '{"value":"a secret of 20 bytes"}',
      credentialData: '{"subType":"totp","digits":6,"counter":0,"period":30,"algorithm":"HmacSHA1"}',
    };
    users[2]?.credentials.push(otp as never);
    const shut = { ...users[0], id: 'shut', enabled: false };
    const { tally, bad } = await fromLines([...users, shut], { format: 'keycloak' });
    expect([tally.imported, bad]).toMatchObject([3, [{ line: 4, field: '/enabled' }]]);
    expect(await Promise.all(users.map(({ username }) => signsIn(username)))).toEqual([
      'signed-in',
      'signed-in',
      'second-factor-required',
    ]);
    const code = totpCode('MEQHGZLDOJSXIIDPMYQDEMBAMJ4XIZLT', h.clock.now());
    expect((await signIn(h, users[2]?.email as string, { password: PASSWORD, code })).status).toBe('signed-in');
  });

  it('of Django is read, whichever hasher it used', async () => {
    const names = Object.keys(vectors.hashes).filter((name) => name.startsWith('django'));
    expect(names).toHaveLength(6);
    const users = names.map((name, n) => ({
      ...{ model: 'auth.user', pk: Number(`${Date.now()}${n}`) },
      fields: {
        username: `dj${n}.${Date.now()}`,
        email: someEmail(),
        password: vectors.hashes[name],
        is_active: true,
        date_joined: '2020-01-02T03:04:05Z',
      },
    }));
    const unusable = { model: 'auth.user', pk: `u${Date.now()}`, fields: { email: someEmail(), password: '!abc' } };
    const { tally } = await fromLines([...users, unusable], { format: 'django', hints: { isConfirmed: true } });
    expect(tally.imported).toBe(7);
    expect(await Promise.all(users.map(({ fields }) => signsIn(fields.email)))).toEqual(Array(6).fill('signed-in'));
    expect((await signIn(h, unusable.fields.email)).code).toBe('invalid-credentials');
  });
});

describe('the progress of an import', () => {
  it('is one line with bar, place, rate and what is left', () => {
    const half = { share: 0.5, line: 50_000, imported: 49_997, skipped: 3, done: 50_000, seconds: 10 };
    expect(showProgress(half)).toBe('[############------------]  50 %  line 50,000 · 5,000/s · 10 s left · 3 skipped');
    expect(showProgress({ ...half, share: undefined, skipped: 0 })).toBe('line 50,000 · 5,000/s');
    expect(showProgress({ ...half, share: 0, seconds: 0 })).toBe(
      '[------------------------]   0 %  line 50,000 · 0/s · 3 skipped',
    );
  });
});
