import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { csvLine } from '../src/csv.ts';
import { keepHouse } from '../src/housekeeping/housekeeping.ts';
import { type Harness, newAgent, newApiKey, openHarness, type TestAgent } from './support/harness.ts';
import {
  count,
  freezeByAgent,
  freezeLinkOf,
  hostKey,
  newAccount,
  newSignedIn,
  type SignedIn,
  signIn,
} from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.mailPerRecipient': 100, 'access.ttl': 3_600_000 } });
});
// Anew: some tests move the clock further than an agent's session lasts.
beforeEach(async () => {
  agent = await newAgent(h);
});
afterAll(() => h.close());

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
type Item = any;
const listed = async (owner: SignedIn, query = '', headers: Record<string, string> = {}) =>
  (await h.call('GET', `/v1/me/activity${query}`, { token: owner.accessToken, headers })).body;
const typesOf = (body: { items: Item[] }) => body.items.map(({ type }) => type);
const csv = (path: string, token: string, headers: Record<string, string> = {}) =>
  h.call('GET', path, { token, headers: { accept: 'text/csv', ...headers } });
const tell = async (events: object[], key?: string) =>
  h.post('/v1/server/events', { events }, { token: key ?? (await hostKey(h)) });
const hostEvent = (accountId: string, more: object = {}) => ({
  id: `e-${Math.random()}`,
  accountId,
  type: 'payee.viewed',
  at: h.clock.now().toISOString(),
  ...more,
});
const wrongPassword = (email: string, ip: string) =>
  signIn(h, email, { password: 'not the right one at all' }, { ip, headers: { 'user-agent': FIREFOX } });
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';

describe('GET /v1/me/activity', () => {
  it('tells what happened in the owner’s language, newest first, with address and device', async () => {
    const owner = await newSignedIn(h);
    h.clock.advance(1_000);
    await wrongPassword(owner.email, '192.0.2.7');
    const { items } = await listed(owner);
    expect(items[0]).toMatchObject({
      type: 'sign-in.failed',
      text: 'Someone tried to sign in and failed.',
      by: 'somebody',
      ip: '192.0.2.7',
      device: { browser: 'Firefox', os: 'Windows' },
      data: { reason: 'wrong-password' },
      at: h.clock.now().toISOString(),
    });
    const [last] = (await listed(owner, '', { 'accept-language': 'zh-CN' })).items;
    expect(last.text).toBe('有人尝试登录但未成功。');
    expect(typesOf({ items })).toEqual(['sign-in.failed', 'sign-in.succeeded', 'account.created']);
    expect(items[1]).toMatchObject({ by: 'you', sessionId: owner.sessionId });
    expect(items[2], 'the host’s server is nobody’s business').toMatchObject({ by: 'app', ip: null, device: null });
  });

  it('finds by time and kind', async () => {
    const owner = await newSignedIn(h);
    const start = h.clock.now();
    h.clock.advance(60_000);
    await wrongPassword(owner.email, '192.0.2.7');
    const middle = h.clock.now().toISOString();
    h.clock.advance(60_000);
    await wrongPassword(owner.email, '192.0.2.8');
    expect(typesOf(await listed(owner, '?type=sign-in'))).toEqual([
      'sign-in.failed',
      'sign-in.failed',
      'sign-in.succeeded',
    ]);
    expect(typesOf(await listed(owner, '?type=sign-in.succeeded'))).toEqual(['sign-in.succeeded']);
    const ips = async (query: string) => (await listed(owner, query)).items.map((item: Item) => item.ip);
    expect(await ips(`?type=sign-in.failed&from=${middle}`)).toEqual(['192.0.2.8', '192.0.2.7']);
    expect(await ips(`?type=sign-in.failed&to=${middle}`)).toEqual([]);
    expect(await ips(`?type=sign-in.failed&from=${start.toISOString()}&to=${h.clock.now().toISOString()}`)).toEqual([
      '192.0.2.7',
    ]);
    for (const query of ['?type=Sign', '?from=yesterday', '?limit=0', '?cursor=1', '?other=1']) {
      const refused = await h.get(`/v1/me/activity${query}`, owner.accessToken);
      expect([refused.status, refused.body.errors.length]).toEqual([422, 1]);
    }
  });

  it('pages without repeating or skipping while more comes in', async () => {
    const owner = await newSignedIn(h);
    for (let n = 0; n < 7; n++) {
      h.clock.advance(1_000);
      await tell([hostEvent(owner.accountId, { data: { n } })]);
    }
    const seen: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { items: Item[]; nextCursor: string | null } = await listed(
        owner,
        `?type=host&limit=2${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...page.items.map((item) => item.data.data.n));
      cursor = page.nextCursor;
      h.clock.advance(1_000);
      await tell([hostEvent(owner.accountId, { data: { n: 100 } })]);
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0]);
  });

  it('needs a live session, not a fresh one, and no other’s', async () => {
    const [owner, other] = [await newSignedIn(h), await newSignedIn(h)];
    h.clock.advance(20 * 60_000);
    expect((await h.get('/v1/me/activity', owner.accessToken)).status).toBe(200);
    expect((await h.get('/v1/me/activity')).status).toBe(401);
    expect((await h.get('/v1/me/activity', agent.accessToken)).status).toBe(401);
    const ids = (await listed(owner)).items.map((item: Item) => item.id);
    expect((await listed(other)).items.some((item: Item) => ids.includes(item.id))).toBe(false);
    await freezeByAgent(h, await newAgent(h), owner.accountId);
    expect((await h.get('/v1/me/activity', owner.accessToken)).status).toBe(401);
  });

  it('V8.2.3 shows nothing that is for agents alone: no note, no reason of a rule, no agent, no address of one', async () => {
    const owner = await newSignedIn(h);
    const secret = 'INTERNAL-NOTE';
    const ip = '203.0.113.77';
    const by = { token: agent.accessToken, ip };
    const reported = await h.post(
      '/v1/me/reports',
      { kind: 'complaint', message: 'Help' },
      { token: owner.accessToken },
    );
    const { caseId } = reported.body;
    await h.get(`/v1/agent/accounts/${owner.accountId}`, agent.accessToken);
    await h.post(
      `/v1/agent/accounts/${owner.accountId}/holds`,
      { scope: 'payments', reasonCode: 'review', note: secret },
      by,
    );
    await h.post(`/v1/agent/accounts/${owner.accountId}/unlock`, { note: secret }, by);
    await h.post(`/v1/agent/cases/${caseId}/window`, { from: h.clock.now().toISOString(), note: secret }, by);
    await h.post(`/v1/agent/cases/${caseId}/verifications`, { kind: 'video', note: secret }, by);
    await h.post(`/v1/agent/accounts/${owner.accountId}/require-password-reset`, { note: secret }, by);
    await tell([hostEvent(owner.accountId, { hostile: true, text: { en: 'You looked at a payee.' } })]);
    const again = await signIn(h, owner.email);
    const reader = again.accessToken ? again : owner;
    const { rows } = await h.pool.query('select * from events where account_id = $1', [owner.accountId]);
    expect(JSON.stringify(rows).split(secret).length, 'the notes are there').toBeGreaterThanOrEqual(5);
    await h.pool.query(`update sessions set ended_at = null, end_reason = null where id = $1`, [owner.sessionId]);
    const answers = [
      await h.get('/v1/me/activity?limit=200', reader.accessToken),
      await csv('/v1/me/activity', reader.accessToken),
      await h.get('/v1/me/export', reader.accessToken),
    ];
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text).toContain('hold.placed');
      expect(text).toContain('host.event');
      for (const hidden of [secret, agent.agentId, ip, 'hostile', 'sign-in.assessed', 'rule.matched', 'receivedAt']) {
        expect(text).not.toContain(hidden);
      }
    }
    const support = (await listed(reader)).items.filter((item: Item) => item.by === 'support');
    expect(support.length).toBeGreaterThan(3);
    for (const item of support)
      expect([item.ip, item.device, item.place, item.sessionId]).toEqual([null, null, null, null]);
  });
});

describe('activity as CSV', () => {
  it('V1.2.10 begins no cell as a formula does, and quotes what separates cells', () => {
    const risky = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1', 'a,b', 'a"b', 'a\nb', 'plain'];
    expect(csvLine(risky)).toBe(
      `"'=1+1","'+1","'-1","'@SUM(A1)","'\t=1","'\r=1","' =1","'＝1","a,b","a""b","a\nb",plain\r\n`,
    );
    expect(csvLine([null, undefined, 1, true])).toBe(',,1,true\r\n');
  });

  it('V1.2.10 is a table of UTF-8 with a header row, safe whatever the host or a browser said', async () => {
    const owner = await newSignedIn(h);
    await tell([
      hostEvent(owner.accountId, { text: { en: '=HYPERLINK("http://evil.example";"Click")' } }),
      hostEvent(owner.accountId, { text: { en: '查看收款人' }, ip: '192.0.2.9', userAgent: '@evil' }),
    ]);
    const { status, headers, text } = await csv('/v1/me/activity?type=host', owner.accessToken);
    expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8; header=present']);
    expect(headers.get('content-disposition')).toBe('attachment; filename="activity.csv"');
    const lines = text.trimEnd().split('\r\n');
    expect(lines[0]).toBe('id,at,type,text,by,ip,country,place,device,data');
    expect(lines).toHaveLength(3);
    expect(text).toContain(`"'=HYPERLINK(""http://evil.example"";""Click"")"`);
    expect(text).toContain('查看收款人');
    const full = await csv(`/v1/agent/accounts/${owner.accountId}/activity?type=host`, agent.accessToken);
    expect(full.text).toContain(`'@evil`);
    expect(full.text).not.toContain(',@evil');
  });

  it('V2.4.1 is given to an owner five times an hour, the list as often as they like', async () => {
    const owner = await newSignedIn(h);
    const statuses: number[] = [];
    for (let n = 0; n < 6; n++) statuses.push((await csv('/v1/me/activity', owner.accessToken)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    expect((await h.get('/v1/me/activity', owner.accessToken)).status).toBe(200);
  });
});

describe('activity for agents', () => {
  it('is whole, and reading it is an event', async () => {
    const owner = await newSignedIn(h);
    await freezeByAgent(h, agent, owner.accountId, { reasonCode: 'review', note: 'INTERNAL' });
    const path = `/v1/agent/accounts/${owner.accountId}/activity`;
    const { status, body } = await h.get(path, agent.accessToken);
    expect(status).toBe(200);
    const frozen = body.items.find(({ type }: Item) => type === 'account.frozen');
    expect(frozen).toMatchObject({ detail: { note: 'INTERNAL' }, actor: { kind: 'agent', id: agent.agentId } });
    expect(await count(h, 'events', owner.accountId, `type = 'account.read' and detail = '{"view": "activity"}'`)).toBe(
      1,
    );
    expect(body.items[0].type, 'also this one').toBe('account.read');
    expect(typesOf((await h.get(`${path}?type=account`, agent.accessToken)).body)).toContain('account.created');
    expect((await csv(path, agent.accessToken)).text).toContain('account.frozen');
    expect((await h.get(`/v1/agent/accounts/${agent.agentId}/activity`, agent.accessToken)).status).toBe(404);
  });

  it('exports the audit view between two instants as CSV and NDJSON, which is an event', async () => {
    const owner = await newSignedIn(h);
    const from = new Date(h.clock.now().getTime() - 60_000).toISOString();
    const to = new Date(h.clock.now().getTime() + 60_000).toISOString();
    const range = `accountId=${owner.accountId}&from=${from}&to=${to}`;
    const ask = (query: string, accept: string) =>
      h.call('GET', `/v1/agent/events?${query}`, { token: agent.accessToken, headers: { accept } });
    const lines = await ask(range, 'application/x-ndjson');
    expect([lines.status, lines.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    const events = lines.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type }) => type)).toEqual(['events.exported', 'sign-in.succeeded', 'account.created']);
    const table = await ask(range, 'text/csv');
    expect(table.text.split('\r\n')[0]).toBe(
      'id,at,type,actorKind,actorId,accountId,sessionId,deviceId,caseId,ip,userAgent,requestId,detail',
    );
    expect(table.text.trimEnd().split('\r\n')).toHaveLength(5);
    const pointers = async (query: string) =>
      (await ask(query, 'text/csv')).body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(await pointers('')).toEqual(['/from', '/to']);
    expect(await pointers('from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z')).toEqual(['/to']);
    expect((await ask(range, '*/*')).headers.get('content-type')).toContain('application/json');
  });

  it('streams more than a page of the spine', async () => {
    const owner = await newSignedIn(h);
    const events = Array.from({ length: 500 }, (_, n) =>
      hostEvent(owner.accountId, { id: `many-${owner.accountId}-${n}` }),
    );
    expect((await tell(events)).body).toEqual({ accepted: 500, known: 0 });
    const more = Array.from({ length: 200 }, (_, n) =>
      hostEvent(owner.accountId, { id: `more-${owner.accountId}-${n}` }),
    );
    await tell(more);
    const ids = (await csv('/v1/me/activity?type=host', owner.accessToken)).text
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(',')[0]);
    expect([ids.length, new Set(ids).size]).toEqual([700, 700]);
  });
});

describe('POST /v1/server/events', () => {
  it('puts what the host saw into the activity, at its time, in its words', async () => {
    const owner = await newSignedIn(h, { externalId: `x-${h.clock.now().getTime()}-told` });
    const at = new Date(h.clock.now().getTime() - 3_600_000).toISOString();
    const externalId = `x-${h.clock.now().getTime()}-told`;
    h.clock.advance(1_000);
    const told = await tell([
      hostEvent(`external:${externalId}`, {
        at,
        type: 'payee.added',
        ip: '192.0.2.44',
        userAgent: FIREFOX,
        text: { en: 'You added the payee Bo.', 'zh-CN': '您添加了收款人 Bo。' },
        data: { payee: 'Bo', amount: 12.5, trusted: true },
      }),
      hostEvent(owner.accountId, { type: 'statement.viewed' }),
    ]);
    expect([told.status, told.body]).toEqual([202, { accepted: 2, known: 0 }]);
    const { items } = await listed(owner);
    expect(items[0]).toMatchObject({ text: 'The app noted something you did.', data: { name: 'statement.viewed' } });
    expect(items.at(-1), 'an hour ago, before the account was made here').toMatchObject({
      type: 'host.event',
      at,
      by: 'app',
      text: 'You added the payee Bo.',
      ip: '192.0.2.44',
      device: { browser: 'Firefox' },
      data: { name: 'payee.added', data: { payee: 'Bo', amount: 12.5, trusted: true } },
    });
    const chinese = await listed(owner, '?type=host', { 'accept-language': 'zh-CN' });
    expect(chinese.items.map(({ text }: Item) => text)).toEqual(['应用记录了您的一项操作。', '您添加了收款人 Bo。']);
  });

  it('takes each id once, also from sixteen at once', async () => {
    const owner = await newSignedIn(h);
    const events = [1, 2, 3].map((n) => hostEvent(owner.accountId, { id: `once-${owner.accountId}-${n}` }));
    const answers = await Promise.all(Array.from({ length: 16 }, (_, n) => tell(n % 2 ? events : events.toReversed())));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(202));
    expect(answers.reduce((sum, { body }) => sum + body.accepted, 0)).toBe(3);
    expect(await count(h, 'events', owner.accountId, `type = 'host.event'`)).toBe(3);
    expect((await tell(events)).body).toEqual({ accepted: 0, known: 3 });
    h.clock.advance(92 * 86_400_000);
    await keepHouse(h.instance.ctx);
    expect(await count(h, 'host_events', owner.accountId), 'too old to be told again').toBe(0);
    expect((await tell(events)).status).toBe(422);
  });

  it('refuses a batch with anything bad in it, points at each, and writes none', async () => {
    const owner = await newSignedIn(h);
    const { accountId } = owner;
    const days = (n: number) => new Date(h.clock.now().getTime() - n * 86_400_000).toISOString();
    const good = hostEvent(accountId);
    const pointersOf = async (...bad: object[]) => {
      const { status, body } = await tell([good, ...bad]);
      expect(status).toBe(422);
      return body.errors.map(({ pointer }: { pointer: string }) => pointer);
    };
    expect(
      await pointersOf(
        hostEvent('0190b0a0-0000-7000-8000-000000000000'),
        hostEvent('external:nobody'),
        hostEvent(accountId, { at: days(91) }),
        hostEvent(accountId, { at: days(-1) }),
        good,
      ),
    ).toEqual(['/events/1/accountId', '/events/2/accountId', '/events/3/at', '/events/4/at', '/events/5/id']);
    expect(
      await pointersOf(
        hostEvent(accountId, { type: 'Not A Name' }),
        hostEvent(accountId, { ip: 'here' }),
        hostEvent(accountId, { data: { nested: { a: 1 } } }),
        hostEvent(accountId, { data: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`k${n}`, n])) }),
        hostEvent(accountId, { data: { __proto__x: 1 } }),
        hostEvent(accountId, { kind: 'x' }),
      ),
    ).toEqual([
      '/events/1/type',
      '/events/2/ip',
      '/events/3/data/nested',
      '/events/4/data',
      '/events/5/data/__proto__x',
      '/events/6/kind',
    ]);
    expect((await tell([])).status).toBe(422);
    expect((await tell(Array.from({ length: 501 }, () => hostEvent(accountId)))).status).toBe(422);
    expect(await count(h, 'events', accountId, `type = 'host.event'`)).toBe(0);
    expect((await tell([good], await newApiKey(h, ['accounts:read']))).status).toBe(403);
    expect((await tell([good])).body, 'the good one was not taken before').toEqual({ accepted: 1, known: 0 });
  });

  it('takes batches far over what other calls may send, and not over eight MiB', async () => {
    const owner = await newAccount(h);
    const data = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, 'x'.repeat(500)]));
    const events = Array.from({ length: 500 }, () => hostEvent(owner.accountId, { data }));
    expect(JSON.stringify(events).length).toBeGreaterThan(5_000_000);
    expect((await tell(events)).status).toBe(202);
    const call = { body: `{"events":[],"x":"${'x'.repeat(8 * 1024 * 1024)}"}`, token: await hostKey(h) };
    expect((await h.call('POST', '/v1/server/events', call)).status).toBe(413);
    const elsewhere = { body: `{"x":"${'x'.repeat(65 * 1024)}"}`, token: await hostKey(h) };
    expect((await h.call('POST', '/v1/server/transactions', elsewhere)).status).toBe(413);
  });

  it('is forgotten with its account', async () => {
    const owner = await newAccount(h);
    await tell([hostEvent(owner.accountId, { text: { en: 'SECRET-WORDS' }, ip: '192.0.2.1' })]);
    const erased = await h.post(`/v1/server/accounts/${owner.accountId}/erase`, {}, { token: await hostKey(h) });
    expect(erased.status).toBe(200);
    expect(await count(h, 'host_events', owner.accountId)).toBe(0);
    const { rows } = await h.pool.query('select * from events where account_id = $1', [owner.accountId]);
    expect(JSON.stringify(rows)).not.toContain('SECRET-WORDS');
    expect((await tell([hostEvent(owner.accountId)])).body.errors[0].pointer).toBe('/events/0/accountId');
  });
});

const deny = (owner: SignedIn, id: string, token = owner.accessToken) =>
  h.post(`/v1/me/activity/${id}/not-me`, {}, { token });
const proposalOf = async (reference: string) =>
  (
    await h.pool.query('select p.* from window_proposals p join cases c on c.id = p.case_id where reference = $1', [
      reference,
    ])
  ).rows[0];

describe('this wasn’t me', () => {
  it('HT-F1 freezes, ends every session and device, and proposes a window that only an agent sets', async () => {
    const owner = await newSignedIn(h);
    h.clock.advance(60_000);
    const thief = await signIn(h, owner.email, {}, { ip: '198.51.100.4' });
    const at = h.clock.now();
    h.clock.advance(60_000);
    const entry = (await listed(owner)).items.find(
      (item: Item) => item.sessionId === thief.sessionId && item.type === 'sign-in.succeeded',
    );
    const { status, body } = await deny(owner, entry.id);
    expect(status).toBe(202);
    expect(body.caseReference).toMatch(/^HF-/);
    expect(body.receipt.split('.')).toHaveLength(3);
    expect(body.hold).toMatchObject({ scope: 'all', reasonCode: 'account-takeover' });
    expect((await h.get('/v1/me', thief.accessToken)).status).toBe(401);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(401);
    expect(await count(h, 'devices', owner.accountId)).toBe(0);
    expect(await proposalOf(body.caseReference)).toMatchObject({ from_at: at, event_id: entry.id });
    expect(await count(h, 'compromise_windows', owner.accountId)).toBe(0);
    expect(await count(h, 'events', owner.accountId, `type = 'activity.denied'`)).toBe(1);
  });

  it('proposes at most 30 days back, and of what support did nothing', async () => {
    const owner = await newSignedIn(h);
    const first = (await listed(owner, '?type=sign-in.succeeded')).items[0];
    h.clock.advance(45 * 86_400_000);
    const back = { ...owner, ...(await signIn(h, owner.email)) };
    const { body } = await deny(back, first.id);
    const monthAgo = new Date(h.clock.now().getTime() - 30 * 86_400_000);
    expect((await proposalOf(body.caseReference)).from_at).toEqual(monthAgo);

    const other = await newSignedIn(h);
    const by = { token: (await newAgent(h)).accessToken };
    await h.post(
      `/v1/agent/accounts/${other.accountId}/holds`,
      { scope: 'payments', reasonCode: 'review', note: 'x' },
      by,
    );
    const held = (await listed(other, '?type=hold')).items[0];
    const denied = await deny(other, held.id);
    expect(denied.status).toBe(202);
    expect(await proposalOf(denied.body.caseReference)).toBeUndefined();
  });

  it('acts once for sixteen at once, and answers each alike', async () => {
    const owner = await newSignedIn(h);
    const entry = (await listed(owner)).items[0];
    const answers = await Promise.all(Array.from({ length: 16 }, () => deny(owner, entry.id)));
    const told = answers.filter(({ status }) => status === 202);
    expect(told.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status !== 202).every(({ status }) => status === 401)).toBe(true);
    expect(new Set(told.map(({ body }) => `${body.caseReference} ${body.receipt}`)).size).toBe(1);
    expect(await count(h, 'holds', owner.accountId)).toBe(1);
    expect(await count(h, 'cases', owner.accountId)).toBe(1);
    expect(await count(h, 'receipts', owner.accountId)).toBe(1);
    expect(await count(h, 'events', owner.accountId, `type in ('activity.denied', 'window.proposed')`)).toBe(2);
  });

  it('knows no entry of somebody else, and none that is for agents', async () => {
    const [owner, other] = [await newSignedIn(h), await newSignedIn(h)];
    const theirs = (await listed(other)).items[0];
    await h.get(`/v1/agent/accounts/${owner.accountId}`, agent.accessToken);
    const { rows } = await h.pool.query(`select id from events where account_id = $1 and type = 'account.read'`, [
      owner.accountId,
    ]);
    for (const id of [theirs.id, rows[0].id, owner.accountId]) expect((await deny(owner, id)).status).toBe(404);
    expect((await deny(owner, 'no-id')).status).toBe(422);
    expect((await deny(owner, theirs.id, agent.accessToken)).status).toBe(401);
    expect(await count(h, 'holds', owner.accountId)).toBe(0);
    expect((await h.get('/v1/me', owner.accessToken)).status).toBe(200);
  });

  it('HT-F1 is also what the freeze link of a mail about an entry says', async () => {
    const owner = await newAccount(h);
    await signIn(h, owner.email);
    h.clock.advance(60_000);
    const token = await freezeLinkOf(h, owner.email);
    const at = h.clock.now();
    h.clock.advance(3_600_000);
    const { body } = await h.post('/v1/auth/link/use', { token, confirm: true });
    const { rows } = await h.pool.query('select id, type from events where id = $1', [
      (await proposalOf(body.caseReference)).event_id,
    ]);
    expect(rows[0].type).toBe('device.added');
    expect((await proposalOf(body.caseReference)).from_at).toEqual(at);
  });
});
