import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { newReporter, pay, work } from './support/case-work.ts';
import { newAgent, type TestAgent } from './support/harness.ts';
import { freezeByAgent } from './support/seed.ts';

let h: BrowserHarness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openBrowserHarness();
  agent = await newAgent(h);
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

const HOSTILE = '<script>document.title="owned"</script><img src=x onerror=alert(1)>';

async function newFull() {
  const reporter = await newReporter(h, 'takeover');
  const { accountId, accessToken, caseId } = reporter;
  const transactionId = await pay(h, accountId, { payee: { id: 'p', name: HOSTILE } });
  const report = { kind: 'takeover', message: HOSTILE, transactionIds: [transactionId] };
  await h.post('/v1/me/reports', report, { token: accessToken });
  await work(h, agent, caseId, 'evidence', { text: 'The caller knew the balance', title: 'Call' });
  await work(h, agent, caseId, 'contacts', { channel: 'phone', summary: 'Called back' });
  await freezeByAgent(h, agent, accountId);
  return { ...reporter, transactionId };
}

describe('the bundle of a case', () => {
  it('PS-72 has everything as JSON, and reading it is an event', async () => {
    const { caseId, accountId, transactionId, reference } = await newFull();
    const { body, status } = await h.get(`/v1/agent/cases/${caseId}/bundle`, agent.accessToken);
    expect(status).toBe(200);
    expect(body.case).toMatchObject({ reference, id: caseId, kind: 'takeover' });
    expect(body.account.id).toBe(accountId);
    expect(body.transactions).toMatchObject([{ transactionId, amount: '10.00', payee: HOSTILE }]);
    expect(body.holds).toMatchObject([{ scope: 'all', source: 'agent' }]);
    expect(body.receipts.map(({ jws }: { jws: string }) => jws.split('.').length)).toEqual([3, 3, 3]);
    expect(body.evidence).toMatchObject([{ title: 'Call', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    const what = body.timeline.map((each: { what: string; type: string }) => `${each.what} ${each.type}`);
    expect(what).toEqual([
      'event case.opened',
      'message report',
      'message report',
      'evidence text',
      'contact phone',
      'event account.frozen',
    ]);
    const sql = `select detail->>'view' as view from events where case_id = $1 and type = 'account.read' order by id`;
    expect((await h.pool.query(sql, [caseId])).rows[0]).toEqual({ view: 'bundle' });
  });

  it('is staff’s alone', async () => {
    const { caseId, accessToken } = await newReporter(h);
    expect((await h.get(`/v1/agent/cases/${caseId}/bundle`, accessToken)).status).toBe(401);
    expect((await h.get(`/v1/agent/cases/${crypto.randomUUID()}/bundle`, agent.accessToken)).status).toBe(404);
  });

  it.each([
    ['en-GB', 'Holdfast: case', 'Time of the compromise', 'Account contained'],
    ['zh-CN', 'Holdfast：案件', '被入侵的时间段', '账户已控制'],
  ])('V3.2.1 in %s is a page to print that runs nothing of what people wrote', async (locale, heading, label, step) => {
    const { caseId, reference } = await newFull();
    const { page } = await h.visit({
      locale,
      extraHTTPHeaders: { authorization: `Bearer ${agent.accessToken}`, accept: 'text/html' },
    });
    const response = await page.goto(`/v1/agent/cases/${caseId}/bundle`);
    expect(response?.headers()['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-.+'; .*sandbox$/,
    );
    expect(await page.title()).toContain(reference);
    const text = await page.locator('body').innerText();
    for (const part of [heading, label, step, 'The caller knew the balance', HOSTILE]) expect(text).toContain(part);
    expect(await page.locator('script, img, a, form').count()).toBe(0);
    const border = await page.evaluate("getComputedStyle(document.querySelector('td')).borderTopWidth");
    expect(border).toBe('1px');
    const folder = process.env['SCREENSHOTS'];
    if (folder) await page.screenshot({ path: `${folder}/bundle-${locale}.png`, fullPage: true });
  });
});
