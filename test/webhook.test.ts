import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askUndo, frozenInBulk, plantAccounts, runUndo } from './support/bulk.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { newSeasoned } from './support/lost-factor.ts';
import { decide } from './support/release.ts';
import { freezeByAgent, newAccount, newSignedIn } from './support/seed.ts';
import { openSink, type Received, type Reply, type Sink } from './support/sink.ts';

const SECRET = `whsec_${Buffer.from('thirty-two bytes of a helpdesk!!').toString('base64')}`;
const SECOND = 1_000;

let h: Harness;
let agent: TestAgent;
let sink: Sink;
beforeAll(async () => {
  sink = await openSink();
  h = await openHarness({ env: { HELPDESK: 'webhook', HELPDESK_URL: sink.url, HELPDESK_SECRET: SECRET } });
});
afterAll(async () => {
  await h.close();
  await sink.close();
});
beforeEach(async () => {
  agent = await newAgent(h);
  sink.answer = () => ({ status: 204 });
});

/** What the sink got for this case, oldest first. */
const aboutCase = (caseId: string) => sink.received.filter(({ text }) => text.includes(caseId));
const idOf = ({ headers }: Received) => headers['webhook-id'];
const drain = () => h.instance.worker.drain();

async function newFreeze(
  extra: Record<string, unknown> = {},
): Promise<{ caseId: string; reference: string; accountId: string }> {
  const { accountId } = await newAccount(h, extra);
  const { caseId, reference } = (await freezeByAgent(h, agent, accountId)).body;
  await drain();
  return { caseId, reference, accountId };
}

async function ticketOf(caseId: string) {
  return (await h.get(`/v1/agent/tickets?caseId=${caseId}`, agent.accessToken)).body.items[0];
}

async function deliveryOf(caseId: string) {
  const sql = "select * from deliveries where case_id = $1 and kind = 'ticket' order by id limit 1";
  return (await h.pool.query(sql, [caseId])).rows[0];
}

/** Answers so until it has been asked this often, then takes the ticket. */
function failFirst(times: number, reply: Reply): void {
  let left = times;
  sink.answer = () => (left-- > 0 ? reply : { body: { ticketId: 'HD-1', url: 'https://desk.example/HD-1' } });
}

describe('the webhook helpdesk', () => {
  it('WH-3 is checked against a library that signs as the vector of Standard Webhooks says', () => {
    const at = new Date(1_614_265_330_000);
    const library = new Webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const signature = library.sign('msg_p5jXN8AQM9LWM0D4loKWxJek', at, '{"test": 2432232314}');
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('WH-1 WH-2 posts one signed request that names the case and what is promised', async () => {
    const externalId = `ext-${Date.now()}`;
    const { caseId, reference, accountId } = await newFreeze({ externalId });
    const [request, ...more] = aboutCase(caseId) as [Received];
    expect(more).toEqual([]);
    expect(request.method).toBe('POST');
    expect(request.headers['content-type']).toBe('application/json');
    const verified = new Webhook(SECRET).verify(request.text, request.headers as Record<string, string>);
    const respondBy = new Date(h.clock.now().getTime() + 3_600 * SECOND).toISOString();
    expect(verified).toEqual({
      type: 'ticket.requested',
      timestamp: h.clock.now().toISOString(),
      data: {
        caseId,
        reference,
        kind: 'takeover',
        priority: 'urgent',
        subject: expect.stringContaining(reference),
        body: expect.any(String),
        account: { id: accountId, externalId },
        accountCount: 1,
        respondBy,
      },
    });
    expect(() => new Webhook(SECRET).verify(`${request.text} `, request.headers as Record<string, string>)).toThrow();
  });

  it('asks for one ticket for all accounts of a bulk freeze, and tells it of them all, not of each', async () => {
    const lead = await newSeasoned(h, 'lead');
    const { jobId, caseId } = await frozenInBulk(h, agent, await plantAccounts(h, 3));
    await drain();
    await decide(h, lead, (await askUndo(h, agent, jobId)).body.approvalId);
    await runUndo(h);
    await drain();
    h.clock.advance(60 * SECOND);
    await drain();
    const told = aboutCase(caseId).map(({ text }) => JSON.parse(text));
    expect(told.map(({ type }) => type)).toEqual(['ticket.requested', 'ticket.commented', 'ticket.commented']);
    expect(told[0].data).toMatchObject({ account: null, accountCount: 3, kind: 'takeover', priority: 'urgent' });
    expect(told[0].data.subject).toContain('3 accounts');
  });

  it('WH-7 keeps the id over retries, with the time and signature of the attempt and the time of the event', async () => {
    failFirst(2, { status: 500 });
    const { caseId } = await newFreeze();
    const began = h.clock.now();
    h.clock.advance(1 * SECOND);
    await drain();
    h.clock.advance(5 * SECOND);
    await drain();
    const attempts = aboutCase(caseId);
    expect(attempts).toHaveLength(3);
    expect(new Set(attempts.map(idOf)).size).toBe(1);
    const seconds = attempts.map(({ headers }) => Number(headers['webhook-timestamp']));
    const first = began.getTime() / 1000;
    expect(seconds).toEqual([first, first + 1, first + 6]);
    expect(new Set(attempts.map(({ headers }) => headers['webhook-signature'])).size).toBe(3);
    expect(attempts.map(({ text }) => JSON.parse(text).timestamp)).toEqual(Array(3).fill(began.toISOString()));
    for (const { text, headers } of attempts) new Webhook(SECRET).verify(text, headers as Record<string, string>);
    expect(await ticketOf(caseId)).toMatchObject({ status: 'open', externalId: 'HD-1', lastError: null });
  });

  it('keeps and shows the ticket that the helpdesk made', async () => {
    sink.answer = () => ({ status: 201, body: { ticketId: 4711, url: 'https://desk.example/t/4711' } });
    const { caseId } = await newFreeze();
    expect(await ticketOf(caseId)).toMatchObject({
      caseId,
      provider: 'webhook',
      externalId: '4711',
      url: 'https://desk.example/t/4711',
      priority: 'urgent',
      status: 'open',
      openedAt: h.clock.now().toISOString(),
    });
  });

  it.each([
    ['nothing', undefined],
    ['no JSON', 'thank you'],
    ['a ticket with a script for a link', { ticketId: 'x', url: 'javascript:alert(1)' }],
    ['more than it should', 'x'.repeat(200_000)],
  ])('takes an answer of %s for a ticket without a number', async (_what, body) => {
    sink.answer = () => ({ status: 200, body });
    const { caseId } = await newFreeze();
    expect(await ticketOf(caseId)).toMatchObject({ status: 'open', externalId: null, url: null });
    expect(aboutCase(caseId)).toHaveLength(1);
  });

  it('asks for one ticket however long the helpdesk was down', async () => {
    failFirst(4, { status: 503 });
    const { caseId } = await newFreeze();
    expect(await ticketOf(caseId)).toMatchObject({ status: 'requested', lastError: expect.stringContaining('503') });
    for (const wait of [1, 5, 15, 30, 60, 60, 60]) {
      h.clock.advance(wait * SECOND);
      await drain();
    }
    const requests = aboutCase(caseId);
    expect(new Set(requests.map(idOf)).size).toBe(1);
    expect(requests).toHaveLength(5);
    expect(await ticketOf(caseId)).toMatchObject({ status: 'open', lastError: null });
  });

  it('WH-9 takes a redirect for a failure and does not follow it', async () => {
    const elsewhere = await openSink();
    sink.answer = () => ({ status: 307, headers: { location: elsewhere.url } });
    const { caseId } = await newFreeze();
    expect(elsewhere.received).toEqual([]);
    expect(await ticketOf(caseId)).toMatchObject({ status: 'requested', lastError: expect.stringContaining('307') });
    await elsewhere.close();
  });

  it('WH-9 gives up at once on 410, tells of it, and a lead can send it again', async () => {
    failFirst(1, { status: 410 });
    const { caseId } = await newFreeze();
    const failed = await deliveryOf(caseId);
    expect(failed).toMatchObject({ attempts: 1, delivered_at: null });
    expect(failed.failed_at).not.toBeNull();
    const { rows } = await h.pool.query("select detail from events where type = 'delivery.failed' and case_id = $1", [
      caseId,
    ]);
    expect(rows).toMatchObject([{ detail: { deliveryId: failed.id, kind: 'ticket', reaction: 'requested' } }]);
    const lead = await newAgent(h, 'lead');
    const listed = (await h.get('/v1/agent/deliveries?status=failed', lead.accessToken)).body.items;
    expect(listed).toContainEqual(expect.objectContaining({ id: failed.id, status: 'failed', nextAttemptAt: null }));
    const path = `/v1/agent/deliveries/${failed.id}/replay`;
    expect((await h.post(path, undefined, { token: agent.accessToken })).status).toBe(403);
    expect((await h.post(path, undefined, { token: lead.accessToken })).status).toBe(204);
    await drain();
    expect(new Set(aboutCase(caseId).map(idOf)).size).toBe(1);
    expect(await ticketOf(caseId)).toMatchObject({ status: 'open', externalId: 'HD-1', lastError: null });
    expect((await h.post(path, undefined, { token: lead.accessToken })).body.code).toBe('not-found');
  });

  it.each([
    ['seconds', () => '120'],
    ['a date', () => new Date(h.clock.now().getTime() + 120 * SECOND).toUTCString()],
  ])('WH-9 waits as long as Retry-After says in %s', async (_form, value) => {
    failFirst(1, { status: 429, headers: { 'retry-after': value() } });
    const { caseId } = await newFreeze();
    h.clock.advance(119 * SECOND);
    await drain();
    expect(aboutCase(caseId)).toHaveLength(1);
    h.clock.advance(1 * SECOND);
    await drain();
    expect(aboutCase(caseId)).toHaveLength(2);
  });

  it('tells of what the owner writes in messages of their own, once the ticket is open', async () => {
    failFirst(1, { status: 500 });
    const { accessToken } = await newSignedIn(h);
    const { caseId } = (
      await h.post('/v1/me/reports', { kind: 'scam', message: 'A secret story' }, { token: accessToken })
    ).body;
    await drain();
    expect(aboutCase(caseId).map(({ text }) => JSON.parse(text).type)).toEqual(['ticket.requested']);
    h.clock.advance(6 * SECOND);
    await drain();
    await drain();
    h.clock.advance(6 * SECOND);
    await drain();
    const types = aboutCase(caseId).map(({ text }) => JSON.parse(text).type);
    expect(types.sort()).toEqual(['ticket.commented', 'ticket.requested', 'ticket.requested']);
    const ids = aboutCase(caseId).map(idOf);
    expect(new Set(ids).size).toBe(2);
    expect(sink.received.some(({ text }) => text.includes('A secret story'))).toBe(false);
  });
});
