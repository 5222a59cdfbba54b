import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newReporter, work } from './support/case-work.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { hostKey, newSignedIn } from './support/seed.ts';

const MIB = 1024 * 1024;
const png = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), randomBytes(200)]);
const files: [string, string, Buffer][] = [
  ['a PNG', 'image/png', png],
  ['a JPEG', 'image/jpeg', Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), randomBytes(50)])],
  ['a WebP', 'image/webp', Buffer.concat([Buffer.from('RIFF\x10\x00\x00\x00WEBP', 'latin1'), randomBytes(50)])],
  ['a PDF', 'application/pdf', Buffer.from('%PDF-1.7\n%\xe2\xe3\n', 'latin1')],
  ['a text', 'text/plain', Buffer.from('Kontoauszug\n余额 12,30 €\n')],
];

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

async function send(caseId: string, type: string, bytes: Buffer, query = '', token = agent.accessToken) {
  const response = await h.instance.app.request(`/v1/agent/cases/${caseId}/evidence${query}`, {
    method: 'POST',
    headers: { 'content-type': type, authorization: `Bearer ${token}` },
    body: new Uint8Array(bytes),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

async function fetchFile(caseId: string, id: string, token = agent.accessToken) {
  const response = await h.instance.app.request(`/v1/agent/cases/${caseId}/evidence/${id}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

describe('evidence', () => {
  it.each(files)('V5.2.2 takes %s by what its bytes say, and gives it back as it came', async (_what, type, bytes) => {
    const { caseId } = await newReporter(h);
    // The type claimed need not be the type found.
    const { status, body } = await send(caseId, 'image/png', bytes, '?name=From%20the%20bank');
    expect([status, body.mediaType, body.size, body.title]).toEqual([201, type, bytes.length, 'From the bank']);
    expect(body.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    const file = await fetchFile(caseId, body.id);
    expect(file.bytes.equals(bytes)).toBe(true);
  });

  it('V3.2.1 V5.4.2 is served inert: to be saved, never shown', async () => {
    const { caseId } = await newReporter(h);
    const { body } = await send(
      caseId,
      'text/plain',
      Buffer.from('=cmd() <script>alert(1)</script>'),
      '?name=a%22%3B%0D%0Ab',
    );
    const { headers } = await fetchFile(caseId, body.id);
    expect(headers.get('content-disposition')).toBe(`attachment; filename="evidence-${body.id}"`);
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'; sandbox/);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['a page', Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['a drawing that can run scripts', Buffer.from('\n <svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>')],
    ['a program', Buffer.from('\x7fELF\x02\x01\x01\x00', 'latin1')],
    ['an archive', Buffer.from('PK\x03\x04\x14\x00', 'latin1')],
    ['a text that is no UTF-8', Buffer.from([0x61, 0xff, 0xfe, 0x62])],
    ['blanks', Buffer.from('  \n')],
  ])('V5.2.2 is never %s, whatever it is called', async (_what, bytes) => {
    const { caseId } = await newReporter(h);
    expect((await send(caseId, 'image/png', bytes)).body.code).toBe('unsupported-media-type');
    expect((await work(h, agent, caseId, 'notes', { note: 'still here' })).status).toBe(201);
  });

  it('V5.2.1 takes 5 MiB and not a byte more, with or without a length', async () => {
    const { caseId } = await newReporter(h);
    const most = Buffer.concat([png, Buffer.alloc(5 * MIB - png.length, 1)]);
    expect((await send(caseId, 'image/png', most)).status).toBe(201);
    const more = Buffer.concat([most, Buffer.from([1])]);
    expect(await send(caseId, 'image/png', more)).toMatchObject({ status: 413, body: { code: 'body-too-large' } });
    const response = await h.instance.app.request(`/v1/agent/cases/${caseId}/evidence`, {
      method: 'POST',
      headers: { 'content-type': 'image/png', authorization: `Bearer ${agent.accessToken}` },
      body: ReadableStream.from([new Uint8Array(more)]),
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
    const { rows } = await h.pool.query('select count(*)::int as n from case_evidence where case_id = $1', [caseId]);
    expect(rows[0].n).toBe(1);
  });

  it('is no way around the type of any other call', async () => {
    const { caseId } = await newReporter(h);
    for (const path of [
      `/v1/agent/cases/${caseId}/notes`,
      '/v1/auth/sign-in',
      `/v1/agent/cases/${caseId}/evidence/x`,
    ]) {
      const response = await h.instance.app.request(path, {
        method: 'POST',
        headers: { 'content-type': 'image/png', authorization: `Bearer ${agent.accessToken}` },
        body: new Uint8Array(png),
      });
      expect([404, 405, 415], path).toContain(response.status);
    }
    expect((await send(caseId, 'text/html', png)).status).toBe(415);
    expect((await send(caseId, 'image/png', Buffer.alloc(0))).status).toBe(400);
  });

  it('is a text or a reference too, with its hash', async () => {
    const { caseId } = await newReporter(h);
    const text = await work(h, agent, caseId, 'evidence', { text: 'The caller knew the balance', title: 'Call' });
    expect([text.status, text.body.kind, text.body.title]).toEqual([201, 'text', 'Call']);
    expect(text.body.sha256).toBe(createHash('sha256').update('The caller knew the balance').digest('hex'));
    expect((await work(h, agent, caseId, 'evidence', { reference: 'Police file 12/26' })).body.kind).toBe('reference');
    for (const body of [{}, { text: '' }, { text: 'a', reference: 'b' }, { file: 'x' }])
      expect((await work(h, agent, caseId, 'evidence', body)).status, JSON.stringify(body)).toBe(422);
    const { items } = (await h.get(`/v1/agent/cases/${caseId}/evidence`, agent.accessToken)).body;
    expect(items.map(({ kind }: { kind: string }) => kind)).toEqual(['text', 'reference']);
    expect((await fetchFile(caseId, text.body.id)).status).toBe(404);
  });

  it('V8.2.2 is read by staff alone, from its own case, and each reading is an event', async () => {
    const one = await newReporter(h);
    const other = await newReporter(h);
    const { body } = await send(one.caseId, 'image/png', png);
    expect((await fetchFile(other.caseId, body.id)).status).toBe(404);
    expect((await fetchFile(one.caseId, randomUUID())).status).toBe(404);
    expect((await fetchFile(one.caseId, body.id, one.accessToken)).status).toBe(401);
    const auditor = await newAgent(h, 'auditor');
    expect((await fetchFile(one.caseId, body.id, auditor.accessToken)).status).toBe(200);
    expect((await send(one.caseId, 'image/png', png, '', auditor.accessToken)).status).toBe(403);
    expect((await send(one.caseId, 'image/png', png, '', one.accessToken)).status).toBe(401);
    const sql = `select actor_id, detail from events where case_id = $1 and type = 'account.read'`;
    expect((await h.pool.query(sql, [one.caseId])).rows).toEqual([
      { actor_id: auditor.agentId, detail: { view: 'evidence' } },
    ]);
  });

  it('is kept a hundred times for one case, by many at once too', async () => {
    const { caseId } = await newReporter(h);
    await h.pool.query(
      `insert into case_evidence (id, case_id, kind, title, body, sha256, added_by, added_at)
       select gen_random_uuid(), $1, 'text', 't', 't', sha256('t'), $2, $3 from generate_series(1, 95)`,
      [caseId, agent.agentId, h.clock.now()],
    );
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => work(h, agent, caseId, 'evidence', { text: 'one more' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(5).fill(201), ...Array(11).fill(409)]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('too-much-evidence');
  });

  it('is counted in what the owner is given, and gone with them', async () => {
    const { caseId, accountId, accessToken } = await newReporter(h, 'complaint');
    await send(caseId, 'image/png', png, '?name=passport');
    await work(h, agent, caseId, 'contacts', { channel: 'phone', summary: 'Said they moved', agreed: 'New address' });
    const { body } = await h.get('/v1/me/export', accessToken);
    expect(body.caseEvidence).toMatchObject([{ kind: 'file', size: png.length, mediaType: 'image/png' }]);
    expect(body.caseContacts).toMatchObject([{ channel: 'phone', agreed: 'New address' }]);
    await work(h, agent, caseId, 'resolve', { outcome: 'solved', note: 'Moved house' });
    const erased = await h.post(`/v1/server/accounts/${accountId}/erase`, {}, { token: await hostKey(h) });
    expect(erased.status, erased.text).toBe(200);
    for (const table of ['case_evidence', 'case_contacts', 'case_messages']) {
      const { rows } = await h.pool.query(`select count(*)::int as n from ${table} where case_id = $1`, [caseId]);
      expect([table, rows[0].n]).toEqual([table, 0]);
    }
    const { rows } = await h.pool.query('select outcome, outcome_note from cases where id = $1', [caseId]);
    expect(rows).toEqual([{ outcome: 'solved', outcome_note: null }]);
  });

  it('is taken for open cases alone', async () => {
    const { accountId } = await newSignedIn(h);
    expect((await send(accountId, 'image/png', png)).status).toBe(404);
    const { caseId } = await newReporter(h);
    await h.pool.query("update cases set closed_at = opened_at, outcome = 'solved' where id = $1", [caseId]);
    expect((await send(caseId, 'image/png', png)).body.code).toBe('case-closed');
  });
});
