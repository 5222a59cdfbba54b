import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, openHarness, PASSWORD, someEmail } from './support/harness.ts';
import { freezeByAgent, newAccount } from './support/seed.ts';
import { openSmtpSink, type SmtpSink } from './support/sink.ts';

const SECOND = 1_000;

let h: Harness;
let smtp: SmtpSink;
beforeAll(async () => {
  smtp = await openSmtpSink();
  h = await openHarness({ env: { SMTP_URL: smtp.url, MAIL_FROM: 'security@holdfast.example' } });
});
afterAll(async () => {
  await h.close();
  await smtp.close();
});

const drain = () => h.instance.worker.drain();
const to = (email: string) => smtp.mails.filter((mail) => mail.to?.some(({ address }) => address === email));

async function mailDelivery(accountId: string) {
  const sql = "select * from deliveries where account_id = $1 and kind in ('mail', 'notice') order by id desc limit 1";
  return (await h.pool.query(sql, [accountId])).rows[0];
}

async function freeze(): Promise<{ email: string; accountId: string }> {
  const account = await newAccount(h);
  const { status } = await freezeByAgent(h, await newAgent(h), account.accountId);
  expect(status).toBe(201);
  await drain();
  return account;
}

describe('mails', () => {
  it('go out by SMTP, once, with an id that stays', async () => {
    const { email, accountId } = await freeze();
    const [mail, ...more] = to(email);
    expect(more).toEqual([]);
    expect(mail?.messageId).toContain((await mailDelivery(accountId)).id);
    expect(mail?.headers.find(({ key }) => key === 'auto-submitted')?.value).toBe('auto-generated');
  });

  it('V16.5.2 wait while the mail server is down, and neither a freeze nor a sign-in fails for it', async () => {
    const port = Number(new URL(smtp.url).port);
    await smtp.close();
    const { email, accountId } = await freeze();
    expect(await mailDelivery(accountId)).toMatchObject({ attempts: 1, delivered_at: null, failed_at: null });
    const other = await newAccount(h);
    expect((await h.post('/v1/auth/sign-in', { identifier: other.email, password: PASSWORD })).status).toBe(200);
    expect((await h.get('/health/ready')).status).toBe(200);
    smtp = await openSmtpSink(port);
    h.clock.advance(1 * SECOND);
    await drain();
    expect(to(email)).toHaveLength(1);
    expect(await mailDelivery(accountId)).toMatchObject({ attempts: 2, last_error: null });
  });

  it('wait when the mail server says for now, and fail with an event when it says for good', async () => {
    smtp.refusal = 451;
    const { accountId, email } = await freeze();
    expect(await mailDelivery(accountId)).toMatchObject({ failed_at: null, attempts: 1 });
    smtp.refusal = 550;
    h.clock.advance(1 * SECOND);
    await drain();
    const failed = await mailDelivery(accountId);
    expect(failed.failed_at).not.toBeNull();
    expect(failed.last_error).not.toContain(email);
    const lead = await newAgent(h, 'lead');
    const events = (await h.get('/v1/agent/events?type=delivery.failed', lead.accessToken)).body.items;
    expect(events).toMatchObject([{ detail: { deliveryId: failed.id, kind: 'notice', reaction: 'account-frozen' } }]);
    smtp.refusal = undefined;
    expect(
      (await h.post(`/v1/agent/deliveries/${failed.id}/replay`, undefined, { token: lead.accessToken })).status,
    ).toBe(204);
    await drain();
    expect(to(email)).toHaveLength(1);
    expect(await mailDelivery(accountId)).toMatchObject({ failed_at: null, last_error: null });
  });

  it('are forgotten in the database once they are out', async () => {
    const email = someEmail();
    await h.post('/v1/auth/sign-up', { email, password: PASSWORD });
    await drain();
    const { rows } = await h.pool.query(
      "select payload from deliveries where reaction = 'confirm-email' order by id desc limit 1",
    );
    expect(rows).toEqual([{ payload: {} }]);
  });
});
