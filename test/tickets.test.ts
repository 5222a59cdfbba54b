import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { freezeByAgent, newAccount, newSignedIn } from './support/seed.ts';
import { closedPort } from './support/sink.ts';

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  agent = await newAgent(h);
});
afterAll(() => h.close());

async function newTicketed(): Promise<{ caseId: string; reference: string }> {
  const { accountId } = await newAccount(h);
  const { caseId, reference } = (await freezeByAgent(h, agent, accountId)).body;
  return { caseId, reference };
}

describe('the built-in helpdesk', () => {
  it('has a ticket for every case, with the case’s own page', async () => {
    const { caseId, reference } = await newTicketed();
    await h.mails();
    const { items } = (await h.get(`/v1/agent/tickets?caseId=${caseId}`, agent.accessToken)).body;
    const url = `${h.instance.ctx.config.publicUrl}/agent/cases/${caseId}`;
    expect(items).toMatchObject([{ provider: 'builtin', externalId: reference, url, status: 'open' }]);
  });

  it('is as urgent as the case', async () => {
    const { accessToken } = await newSignedIn(h);
    const wanted = {
      'unauthorised-transaction': 'high',
      scam: 'high',
      'locked-out': 'normal',
      complaint: 'normal',
      takeover: 'urgent',
    };
    for (const [kind, priority] of Object.entries(wanted)) {
      const { caseId } = (await h.post('/v1/me/reports', { kind, message: 'Help' }, { token: accessToken })).body;
      const { items } = (await h.get(`/v1/agent/tickets?caseId=${caseId}`, agent.accessToken)).body;
      expect(items, kind).toMatchObject([{ priority }]);
    }
  });

  it('closes with the case', async () => {
    const { caseId } = await newTicketed();
    await h.mails();
    await h.pool.query('update cases set closed_at = $2 where id = $1', [caseId, h.clock.now()]);
    const { items } = (await h.get(`/v1/agent/tickets?caseId=${caseId}`, agent.accessToken)).body;
    expect(items).toMatchObject([{ status: 'closed' }]);
  });

  it('lists tickets page by page, each once', async () => {
    for (let made = 0; made < 5; made++) await newTicketed();
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const path: string = `/v1/agent/tickets?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`;
      const { body } = await h.get(path, agent.accessToken);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
    } while (cursor !== null);
    const { rows } = await h.pool.query('select id from tickets order by id desc');
    expect(seen).toEqual(rows.map(({ id }) => id));
  });
});

describe('a helpdesk that cannot be reached', () => {
  it('HT-P4 shows agents what is wrong, without the address or the secret', async () => {
    const secret = `whsec_${Buffer.from('another thirty-two bytes of it!!').toString('base64')}`;
    const url = `http://127.0.0.1:${await closedPort()}/tickets?key=in-the-url`;
    const down = await openHarness({ env: { HELPDESK: 'webhook', HELPDESK_URL: url, HELPDESK_SECRET: secret } });
    try {
      const lead = await newAgent(down, 'lead');
      const { accountId } = await newAccount(down);
      await freezeByAgent(down, lead, accountId);
      await down.mails();
      const tickets = await down.get('/v1/agent/tickets', lead.accessToken);
      expect(tickets.body.items).toMatchObject([
        { status: 'requested', lastError: 'the helpdesk cannot be reached: ECONNREFUSED' },
      ]);
      const deliveries = await down.get('/v1/agent/deliveries?status=waiting', lead.accessToken);
      expect(deliveries.body.items).toMatchObject([{ kind: 'ticket', reaction: 'requested', attempts: 1 }]);
      expect(deliveries.body.items[0].lastError).toContain('ECONNREFUSED');
      for (const { text } of [tickets, deliveries]) {
        expect(text).not.toContain('in-the-url');
        expect(text).not.toContain(secret.slice(6));
      }
    } finally {
      await down.close();
    }
  });
});
