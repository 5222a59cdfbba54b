import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder, post, run, type Service, serve } from './support/process.ts';
import { closedPort, openSink, openSmtpSink, type Sink, type SmtpSink } from './support/sink.ts';

const ROUNDS = 3;

let folder: Awaited<ReturnType<typeof newFolder>>;
let service: Service;
let env: Record<string, string>;
let ports: { smtp: number; helpdesk: number };
let key: string;
beforeAll(async () => {
  folder = await newFolder();
  ports = { smtp: await closedPort(), helpdesk: await closedPort() };
  env = {
    HOLDFAST_DATA: folder.path,
    HOLDFAST_LOG: 'silent',
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
    HELPDESK: 'webhook',
    HELPDESK_URL: `http://127.0.0.1:${ports.helpdesk}/tickets`,
    HELPDESK_SECRET: `whsec_${Buffer.from('thirty-two bytes of a helpdesk!!').toString('base64')}`,
  };
  service = await serve(env);
  const made = await run(
    ['api-key', 'create', '--name', 'shop', '--scopes', 'accounts:write,accounts:freeze', '--json'],
    env,
  );
  key = JSON.parse(made.stdout).apiKey;
});
afterAll(async () => {
  await service.end();
  await folder.remove();
});

async function freezeNew(email: string): Promise<{ status: number; caseId: string; reference: string }> {
  const account = await post(service.url, '/v1/server/accounts', { email, emailConfirmed: true }, key);
  const path = `/v1/server/accounts/${account.body.id}/freeze`;
  const { status, body } = await post(service.url, path, { reasonCode: 'account-takeover', note: 'Help' }, key);
  return { status, caseId: body.caseId, reference: body.reference };
}

describe('a freeze that was acknowledged', () => {
  it('is mailed and ticketed after the process was killed, once, however often it was killed', {
    timeout: 120_000,
  }, async () => {
    const frozen = [];
    for (let round = 0; round < ROUNDS; round++) {
      const made = await freezeNew(`killed-${round}@example.com`);
      expect(made.status).toBe(201);
      frozen.push(made);
      await service.end('SIGKILL');
      service = await serve(env);
    }
    const smtp: SmtpSink = await openSmtpSink(ports.smtp);
    const helpdesk: Sink = await openSink(ports.helpdesk);
    helpdesk.answer = () => ({ body: { ticketId: 'HD-1' } });
    await Promise.all([smtp.waitFor(ROUNDS), helpdesk.waitFor(ROUNDS)]);
    // A freeze after them all: when its ticket is there, nothing that was due before it is still waiting.
    const last = await freezeNew('last@example.com');
    frozen.push(last);
    await Promise.all([smtp.waitFor(ROUNDS + 1), helpdesk.waitFor(ROUNDS + 1)]);
    for (const { caseId, reference } of frozen) {
      const requests = helpdesk.received.filter(({ text }) => text.includes(caseId));
      expect(requests.map(({ headers }) => headers['webhook-id'])).toEqual([`ticket_${caseId}`]);
      expect(smtp.mails.filter(({ text }) => text?.includes(reference))).toHaveLength(1);
    }
    await Promise.all([smtp.close(), helpdesk.close()]);
  });

  it('stands after a kill, and nobody signs in', async () => {
    const email = 'standing@example.com';
    const password = 'correct horse battery staple';
    const account = await post(service.url, '/v1/server/accounts', { email, password, emailConfirmed: true }, key);
    const path = `/v1/server/accounts/${account.body.id}/freeze`;
    await post(service.url, path, { reasonCode: 'account-takeover', note: 'Help' }, key);
    await service.end('SIGKILL');
    service = await serve(env);
    const signedIn = await post(service.url, '/v1/auth/sign-in', { identifier: email, password });
    expect([signedIn.status, signedIn.body.code]).toEqual([403, 'account-held']);
  });
});
