import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, newApiKey, openHarness, PASSWORD, someEmail } from './support/harness.ts';

/** A mail server that accepts and never says a word. */
async function openSilence(): Promise<{ server: Server; sockets: Socket[]; url: string }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { server, sockets, url: `smtp://127.0.0.1:${port}` };
}

let h: Harness;
let silence: Awaited<ReturnType<typeof openSilence>>;
beforeAll(async () => {
  silence = await openSilence();
  h = await openHarness({ env: { SMTP_URL: silence.url } });
});
afterAll(async () => {
  for (const socket of silence.sockets) socket.destroy();
  silence.server.close();
  await h.close();
});

describe('lanes of the worker', () => {
  it('open the urgent ticket at once while strangers’ mails fill a mail server that hangs', async () => {
    const [agent, apiKey] = [await newAgent(h), await newApiKey(h)];
    const account = { email: someEmail(), emailConfirmed: true };
    const { body } = await h.post('/v1/server/accounts', account, { token: apiKey });
    await Promise.all(
      Array.from({ length: 30 }, () => h.post('/v1/auth/sign-up', { email: someEmail(), password: PASSWORD })),
    );
    const freeze = { reasonCode: 'account-takeover', note: 'seen' };
    await h.post(`/v1/agent/accounts/${body.id}/freeze`, freeze, { token: agent.accessToken });
    const ticketStatus = async () => (await h.get('/v1/agent/tickets', agent.accessToken)).body.items[0]?.status;
    await expect.poll(ticketStatus, { timeout: 4_000 }).toBe('open');
    const { rows } = await h.pool.query("select attempts from deliveries where reaction = 'account-frozen'");
    expect(rows).toEqual([{ attempts: 1 }]);
  });
});
