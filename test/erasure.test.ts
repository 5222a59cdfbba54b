import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { endRetention } from '../src/erasure/erase.ts';
import { sealEvents, verifySeals } from '../src/seals/seals.ts';
import {
  type Harness,
  newAgent,
  newApiKey,
  openHarness,
  PASSWORD,
  type TestAgent,
  tokenIn,
} from './support/harness.ts';
import { ask, verify } from './support/lost-factor.ts';
import { count, enrol, hostKey, newAccount, signIn } from './support/seed.ts';

const DAY = 86_400_000;

let h: Harness;
let agent: TestAgent;
let key: string;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerRecipient': 100 } });
  agent = await newAgent(h);
  key = await hostKey(h);
});
afterAll(() => h.close());

const erase = (id: string, token = key) => h.post(`/v1/server/accounts/${id}/erase`, undefined, { token });

/** Somebody with words and numbers of their own, who leaves traces wherever there is a place for them. */
async function live() {
  const tag = randomBytes(5).toString('hex');
  const person = {
    email: `Mila.${tag}@Example.com`,
    username: `mila-${tag}`,
    phone: `+4930${Number.parseInt(tag, 16)}`.slice(0, 15),
    externalId: `customer-${tag}`,
    ip: `198.51.100.${1 + (Number.parseInt(tag.slice(0, 2), 16) % 250)}`,
    userAgent: `Milaphone/${tag}`,
    words: `my aunt's green car ${tag}`,
    note: `she told us of ${tag} on the phone`,
    payee: `Milan Kundera ${tag}`,
  };
  const call = { ip: person.ip, headers: { 'user-agent': person.userAgent } };
  const { email, username, phone, externalId } = person;
  const made = { email, username, phone, externalId, password: PASSWORD };
  const accountId = (await h.post('/v1/server/accounts', made, { token: key })).body.id;
  await h.post('/v1/auth/email-confirmation', { token: tokenIn((await h.mails(email))[0], 'confirm') }, call);
  await h.post('/v1/auth/sign-up', { email, password: PASSWORD }, call);
  await signIn(h, email, { password: 'not the right one' }, call);
  const session = await signIn(h, username, {}, call);
  const me = { ...call, token: session.accessToken as string };
  await enrol(h, session.accessToken);
  await h.post('/v1/auth/password-reset', { identifier: email }, call);
  await h.get(`/v1/agent/accounts?q=${encodeURIComponent(email)}`, agent.accessToken);
  await h.get(`/v1/agent/accounts/${accountId}`, agent.accessToken);
  await h.post(
    '/v1/server/transactions',
    {
      ...{
        transactionId: `t-${randomUUID()}`,
        accountId,
        kind: 'payment',
        amount: '12.34',
        currency: 'EUR',
        ip: person.ip,
      },
      payee: { id: `payee-${tag}`, name: person.payee },
    },
    { token: key },
  );
  await h.post('/v1/me/reports', { kind: 'complaint', message: person.words }, me);
  await h.post(
    `/v1/agent/accounts/${accountId}/holds`,
    { scope: 'payments', reasonCode: 'review', note: person.note },
    { token: agent.accessToken },
  );
  const { rows: cases } = await h.pool.query('select id from cases where account_id = $1', [accountId]);
  for (const kind of ['video', 'document']) await verify(h, agent, cases[0].id, kind, person.note);
  await ask(h, agent, accountId, { note: person.note });
  await h.mails();
  await h.pool.query(
    `with changed as (insert into contact_changes
       (id, account_id, kind, old_value, old_key, new_value, new_key, requested_at, expires_at)
       values (gen_random_uuid(), $1, 'email', $2, $2, $3, $3, now(), now()))
     insert into notice_addresses (id, account_id, email, email_key, added_at)
     values (gen_random_uuid(), $1, $3, $3, now())`,
    [accountId, `old.${tag}@example.org`, `new.${tag}@example.org`],
  );
  await refuseMails(accountId, email);
  return { ...person, ...session, accountId: accountId as string, tag };
}

/** What is left when the mail server refuses what was sent to this person. */
async function refuseMails(accountId: string, email: string): Promise<void> {
  const error = `550 5.1.1 <${email}> unknown`;
  await h.pool.query(
    `with refused as (
       update deliveries set delivered_at = null, failed_at = created_at, last_error = $2
       where account_id = $1 and kind <> 'ticket' returning id),
     asked as (
       update deliveries set delivered_at = null, failed_at = created_at, last_error = $2,
         payload = jsonb_build_object('identifier', lower($3))
       where id = (select d.id from deliveries d join events e on e.id = d.event_id
         where e.type = 'password-reset.requested' order by d.id desc limit 1))
     insert into events (id, at, type, actor_kind, detail)
     select gen_random_uuid(), now(), 'delivery.failed', 'system', jsonb_build_object('deliveryId', id, 'error', $2::text)
     from refused`,
    [accountId, error, email],
  );
}

const closeCases = (accountId: string) =>
  h.pool.query('update cases set closed_at = opened_at where account_id = $1', [accountId]);

/** Where in the whole database one of these texts stands, in any column of any table. */
async function placesOf(texts: string[]): Promise<string[]> {
  const { rows: columns } = await h.pool.query(`select table_name, column_name from information_schema.columns
    where table_schema = 'public' and table_name <> 'schema_migrations'`);
  const found = [];
  for (const { table_name: table, column_name: column } of columns) {
    for (const text of texts) {
      const sql = `select count(*)::int as n from "${table}" where position(lower($1) in lower("${column}"::text)) > 0`;
      if ((await h.pool.query(sql, [text])).rows[0].n > 0) found.push(`${text} in ${table}.${column}`);
    }
  }
  return found;
}

const traces = (p: Awaited<ReturnType<typeof live>>) => [p.tag, p.phone, p.phone.slice(1), p.userAgent, p.ip];

async function sealAll(): Promise<void> {
  await vi.waitFor(async () => {
    await sealEvents(h.instance.ctx);
    const { rows } = await h.pool.query(`select count(*)::int as left from events
      where not exists (select from seals where (last_tx, last_id) >= (events.tx, events.id))`);
    expect(rows[0].left).toBe(0);
  });
}

let erased: ReturnType<typeof live> | undefined;

/** One who was erased, for several tests to look at. */
async function gone(): ReturnType<typeof live> {
  erased ??= live().then(async (person) => {
    await closeCases(person.accountId);
    await erase(person.accountId);
    return person;
  });
  return await erased;
}

describe('V14.2.7 an erased account', () => {
  it('leaves nothing of the person in any column of any table, and every seal whole', async () => {
    const person = await live();
    const before = await placesOf(traces(person));
    for (const table of [
      'accounts',
      'identifiers',
      'contact_changes',
      'notice_addresses',
      'approvals',
      'verifications',
      'events',
      'sessions',
      'case_messages',
      'holds',
      'transactions',
      'deliveries',
      'links',
    ])
      expect(before.join('\n'), table).toContain(` in ${table}.`);
    await closeCases(person.accountId);
    await sealAll();
    const events = await count(h, 'events', person.accountId);

    const { status, body } = await erase(person.accountId);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      accountId: person.accountId,
      kept: [{ what: 'receipts' }, { what: 'transactions', count: 1 }],
    });

    // Rates count addresses of everybody for a minute, whoever they are.
    expect((await placesOf(traces(person))).filter((place) => !place.endsWith('rate_limits.key'))).toEqual([]);
    expect(await count(h, 'events', person.accountId)).toBeGreaterThan(events);
    await sealAll();
    expect(await verifySeals(h.instance.ctx.db)).toHaveProperty('head');
  });

  it('keeps what the law asks for: amounts, times and decisions, under the id alone', async () => {
    const person = await gone();
    const { rows } = await h.pool.query('select * from transactions where account_id = $1', [person.accountId]);
    expect(rows[0]).toMatchObject({ amount: '12.34', currency: 'EUR', decision: 'allow', payee_name: null, ip: null });
    expect(rows[0].payee_id).toMatch(/^[\w-]{22}$/);
    const receipts = await h.pool.query('select jws from receipts where account_id = $1', [person.accountId]);
    expect(receipts.rows).toHaveLength(1);
    expect(await count(h, 'cases', person.accountId)).toBe(1);
  });

  it('lets nobody in and tells nobody that it was one', async () => {
    const person = await gone();
    expect((await h.get('/v1/me', person.accessToken)).status).toBe(401);
    expect((await h.post('/v1/auth/refresh', { refreshToken: person.refreshToken })).status).toBe(401);
    expect((await signIn(h, person.email)).code).toBe('invalid-credentials');
    expect((await h.get(`/v1/server/accounts/${person.accountId}/gate?action=payment`, key)).body.allowed).not.toBe(
      true,
    );
    expect((await h.get(`/v1/agent/accounts/${person.accountId}`, agent.accessToken)).status).toBe(404);
    const mails = (await h.mails()).length;
    await h.post('/v1/auth/password-reset', { identifier: person.email });
    expect((await h.mails()).length).toBe(mails);
  });

  it('frees its identifiers: the same address signs up anew', async () => {
    const person = await gone();
    await h.post('/v1/auth/sign-up', { email: person.email, password: PASSWORD });
    await h.post('/v1/auth/email-confirmation', { token: tokenIn((await h.mails(person.email))[0], 'confirm') });
    const again = await signIn(h, person.email);
    expect(again.status).toBe('signed-in');
    expect(again.accountId).not.toBe(person.accountId);
    const twin = { email: `x${person.email}`, username: person.username, externalId: person.externalId };
    expect((await h.post('/v1/server/accounts', twin, { token: key })).status).toBe(201);
  });

  it('is erased once by sixteen at once, who all get the same answer', async () => {
    const { accountId } = await newAccount(h);
    const answers = await Promise.all(Array.from({ length: 16 }, () => erase(accountId)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    expect(await count(h, 'events', accountId, "type = 'account.erased'")).toBe(1);
    expect((await erase(accountId)).body).toEqual(answers[0]?.body);
  });

  it('is signed into by nobody who was on the way in', async () => {
    const { accountId, email } = await newAccount(h);
    await Promise.all([...Array.from({ length: 4 }, () => signIn(h, email)), erase(accountId)]);
    expect(await count(h, 'sessions', accountId, 'ended_at is null')).toBe(0);
    expect(await count(h, 'devices', accountId)).toBe(0);
  });

  it.each([
    ['a legal hold', 'legal-hold'],
    ['an open case', 'open-case'],
  ])('is refused while %s needs it, and nothing is lost', async (_what, reason) => {
    const { accountId, email } = await newAccount(h);
    if (reason === 'open-case')
      await h.post(
        `/v1/server/accounts/${accountId}/freeze`,
        { reasonCode: 'account-takeover', note: 'Called' },
        { token: key },
      );
    else
      await h.pool.query(
        `insert into holds (id, account_id, scope, reason_code, source, since) values ($1, $2, 'payments', 'legal-order', 'legal', now())`,
        [randomUUID(), accountId],
      );
    const { status, body } = await erase(accountId);
    expect([status, body.code, body.blockedBy]).toEqual([409, 'erasure-blocked', [reason]]);
    expect((await h.get(`/v1/server/accounts/${accountId}`, key)).body.email).toBe(email);
  });

  it('goes altogether once nothing is kept any more, and not a day before', async () => {
    const own = await openHarness();
    try {
      const token = await hostKey(own);
      const { accountId } = await newAccount(own);
      const payment = { transactionId: 't-1', accountId, kind: 'payment', amount: '1', currency: 'EUR' };
      await own.post('/v1/server/transactions', payment, { token });
      const living = await newAccount(own);
      await own.post(
        '/v1/server/transactions',
        { ...payment, transactionId: 't-2', accountId: living.accountId },
        { token },
      );
      await own.post(`/v1/server/accounts/${accountId}/freeze`, { reasonCode: 'scam', note: 'Called' }, { token });
      await own.pool.query('update cases set closed_at = opened_at');
      expect((await own.post(`/v1/server/accounts/${accountId}/erase`, undefined, { token })).status).toBe(200);
      const left = async () => [
        await count(own, 'receipts', accountId),
        await count(own, 'transactions', accountId),
        await count(own, 'erasures', accountId),
      ];
      own.clock.advance(547 * DAY);
      await endRetention(own.instance.ctx);
      expect(await left()).toEqual([1, 1, 1]);
      own.clock.advance(2 * DAY);
      await endRetention(own.instance.ctx);
      expect(await left()).toEqual([0, 1, 1]);
      own.clock.advance(1277 * DAY);
      await endRetention(own.instance.ctx);
      expect(await left()).toEqual([0, 1, 1]);
      own.clock.advance(2 * DAY);
      await endRetention(own.instance.ctx);
      expect(await left()).toEqual([0, 0, 0]);
      expect((await own.get(`/v1/server/accounts/${accountId}`, token)).status).toBe(404);
      expect(await count(own, 'transactions', living.accountId)).toBe(1);
    } finally {
      await own.close();
    }
  });

  it('needs a key with the scope for it', async () => {
    const { accountId } = await newAccount(h);
    const weak = await newApiKey(h, ['accounts:read', 'accounts:write']);
    expect((await erase(accountId, weak)).status).toBe(403);
    expect((await h.post(`/v1/server/accounts/${accountId}/erase`)).status).toBe(401);
    expect((await erase(randomUUID())).status).toBe(404);
  });

  it('says for every table that hangs on accounts what becomes of it', async () => {
    const { rows } = await h.pool.query(`select table_name from information_schema.columns
      where table_schema = 'public' and column_name = 'account_id' order by 1`);
    // What is added here must be emptied, deleted or harmless: src/erasure/queries.ts.
    expect(rows.map((row) => row.table_name)).toEqual(
      [
        ...[
          'approvals',
          'cases',
          'challenges',
          'contact_changes',
          'deliveries',
          'device_counts',
          'devices',
          'erasures',
          'events',
          'grants',
          'holds',
        ],
        ...[
          'identifiers',
          'links',
          'notice_addresses',
          'passwords',
          'receipts',
          'recovery_codes',
          'sessions',
          'totp_factors',
          'wrong_codes',
          'passkeys',
          'sms_codes',
          'sms_factors',
          'compromise_windows',
          'payee_quarantines',
          'host_events',
          'unfreezes',
          'recoveries',
          'watches',
          // Ids alone: which accounts an agent named.
          'bulk_freeze_accounts',
          'webauthn_challenges',
        ],
        'transactions',
        ...['anonymous_reports', 'appeals', 'case_feedback'],
      ].sort(),
    );
  });
});
