import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimDeliveries, DeliveryError, LEASE, markDelivered, markFailed } from '../src/events/deliveries.ts';
import { type Instance, openInstance } from '../src/instance.ts';
import { type Harness, openHarness } from './support/harness.ts';
import { hostKey, newAccount, reason } from './support/seed.ts';
import { openSink, type Sink } from './support/sink.ts';

const SECRET = `whsec_${Buffer.from('thirty-two bytes of a helpdesk!!').toString('base64')}`;
const SECOND = 1_000;

let h: Harness;
let sink: Sink;
beforeAll(async () => {
  sink = await openSink();
  h = await openHarness({ env: { HELPDESK: 'webhook', HELPDESK_URL: sink.url, HELPDESK_SECRET: SECRET } });
});
afterAll(async () => {
  await sink.close();
  await h.close();
});
beforeEach(() => {
  sink.answer = () => ({ status: 204 });
});

/** Another node of the same installation. */
async function openNode(): Promise<Instance> {
  const { config } = h.instance.ctx;
  const parts = { ...config, databaseUrl: h.databaseUrl, secret: config.secret as Buffer };
  return await openInstance(parts, { clock: h.clock, log: pino({ level: 'silent' }) });
}

async function newFreeze(): Promise<{ caseId: string; email: string }> {
  const { accountId, email } = await newAccount(h);
  const path = `/v1/server/accounts/${accountId}/freeze`;
  const { caseId } = (await h.post(path, reason, { token: await hostKey(h) })).body;
  return { caseId, email };
}

const drain = () => h.instance.worker.drain();
const aboutCase = (caseId: string) => sink.received.filter(({ text }) => text.includes(caseId));

async function ticketDelivery(caseId: string) {
  const sql = "select * from deliveries where case_id = $1 and kind = 'ticket'";
  return (await h.pool.query(sql, [caseId])).rows[0];
}

/** A freeze whose ticket failed once and is due again now: nobody has claimed it yet. */
async function newDue(): Promise<{ caseId: string; id: string }> {
  sink.answer = () => ({ status: 500 });
  const { caseId } = await newFreeze();
  await expect.poll(async () => (await ticketDelivery(caseId)).last_error, { interval: 5 }).not.toBeNull();
  sink.answer = () => ({ status: 204 });
  return { caseId, id: (await ticketDelivery(caseId)).id };
}

describe('the worker', () => {
  it('delivers once each when three nodes share forty freezes', async () => {
    const others = await Promise.all([openNode(), openNode()]);
    const freezes = await Promise.all(Array.from({ length: 40 }, newFreeze));
    await Promise.all([h.instance, ...others].map(({ worker }) => worker.drain()));
    await Promise.all(others.map((node) => node.close()));
    await drain();
    for (const { caseId, email } of freezes) {
      expect(aboutCase(caseId)).toHaveLength(1);
      expect(await h.mails(email)).toHaveLength(1);
    }
  });

  it('takes a dead worker’s delivery up when its lease of ten seconds has run out, and not before', async () => {
    const { caseId, id } = await newDue();
    h.clock.advance(1 * SECOND);
    const claimed = await claimDeliveries(h.instance.ctx, randomUUID(), 'ticket', 8);
    expect(claimed.map((delivery) => delivery.id)).toContain(id);
    expect(LEASE).toBe(10 * SECOND);
    h.clock.advance(LEASE - 1);
    await drain();
    expect(aboutCase(caseId)).toHaveLength(1);
    h.clock.advance(1);
    await drain();
    expect(aboutCase(caseId)).toHaveLength(2);
    expect(await ticketDelivery(caseId)).toMatchObject({ attempts: 3, last_error: null });
  });

  it('hands back on stop what it has not finished, so that another node need not wait', async () => {
    const { caseId } = await newDue();
    await h.instance.worker.stop(0);
    const stopping = await openNode();
    sink.answer = () => ({ hang: true });
    const seen = sink.received.length;
    h.clock.advance(1 * SECOND);
    void stopping.worker.drain();
    await sink.waitFor(seen + 1);
    expect((await ticketDelivery(caseId)).leased_by).not.toBeNull();
    sink.answer = () => ({ status: 204 });
    await stopping.close(0);
    expect(await ticketDelivery(caseId)).toMatchObject({ leased_by: null, leased_until: null, delivered_at: null });
    const next = await openNode();
    await next.worker.drain();
    expect((await ticketDelivery(caseId)).delivered_at).not.toBeNull();
    await next.close();
    await h.close();
    h = await openHarness({ env: { HELPDESK: 'webhook', HELPDESK_URL: sink.url, HELPDESK_SECRET: SECRET } });
  });

  it('keeps nothing claimed that a stop comes upon while it claims', async () => {
    for (let round = 0; round < 8; round++) {
      const node = await openNode();
      const { id } = await newDue();
      h.clock.advance(1 * SECOND);
      const draining = node.worker.drain();
      await node.close(2_000);
      await draining;
      const { rows } = await h.pool.query(
        'select id from deliveries where id = $1 and leased_by is not null and delivered_at is null',
        [id],
      );
      await drain();
      expect(rows.length === 0 || (await ticketDeliveryById(id)).delivered_at !== null).toBe(true);
    }
  });

  it('does not let a helpdesk that hangs hold up the mails of other freezes', async () => {
    sink.answer = () => ({ hang: true });
    const first = await newFreeze();
    await expect.poll(() => aboutCase(first.caseId).length, { interval: 5 }).toBe(1);
    const { email } = await newFreeze();
    const sent = async () => ((await h.instance.ctx.inbox?.list()) ?? []).filter(({ to }) => to === email).length;
    await expect.poll(sent, { timeout: 20_000 }).toBe(1);
    await sink.close();
    sink = await openSink(sink.port);
  });

  it('leaves a delivery delivered when a worker that lost its lease reports a failure late', async () => {
    const { id, caseId } = await newDue();
    h.clock.advance(1 * SECOND);
    const [late] = (await claimDeliveries(h.instance.ctx, randomUUID(), 'ticket', 8)).filter((each) => each.id === id);
    expect(late).toBeDefined();
    await markDelivered(h.instance.ctx, id);
    await markFailed(h.instance.ctx, late as never, new DeliveryError('too late', { isPermanent: true }));
    expect(await ticketDelivery(caseId)).toMatchObject({ failed_at: null, last_error: null });
    const { rows } = await h.pool.query("select 1 from events where type = 'delivery.failed' and case_id = $1", [
      caseId,
    ]);
    expect(rows).toEqual([]);
  });

  it('tries for days, then gives up with an event', async () => {
    const { caseId } = await newDue();
    sink.answer = () => ({ status: 500 });
    for (let attempt = 0; attempt < 20 && (await ticketDelivery(caseId)).failed_at === null; attempt++) {
      h.clock.advance((await ticketDelivery(caseId)).next_attempt_at.getTime() - h.clock.now().getTime());
      await drain();
    }
    const gaveUp = await ticketDelivery(caseId);
    expect(gaveUp.failed_at.getTime() - gaveUp.created_at.getTime()).toBeGreaterThan(24 * 3_600 * SECOND);
    expect(gaveUp.attempts).toBeGreaterThanOrEqual(10);
    const { rows } = await h.pool.query("select 1 from events where type = 'delivery.failed' and case_id = $1", [
      caseId,
    ]);
    expect(rows).toHaveLength(1);
  });
});

async function ticketDeliveryById(id: string) {
  return (await h.pool.query('select * from deliveries where id = $1', [id])).rows[0];
}
