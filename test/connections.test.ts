import { once } from 'node:events';
import { Agent, get, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServer, listen, type Patience } from '../src/listen.ts';
import { type Harness, openHarness } from './support/harness.ts';

const short: Patience = { headers: 400, request: 800, idle: 65_000, silent: 120_000 };
const HEAD = 'POST /v1/auth/password-reset HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

let h: Harness;
const servers: Server[] = [];
const sockets: Socket[] = [];
beforeAll(async () => {
  h = await openHarness();
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.map((server) => closeServer(server, 0)));
  await h.close();
});

type Bounds = { maxConnections?: number; trustedProxies?: string[]; patience?: Patience };

async function open({ maxConnections = 4096, trustedProxies = [], patience = short }: Bounds = {}) {
  const place = { port: 0, host: '127.0.0.1', maxConnections, trustedProxies };
  const server = (await listen(h.instance.app.fetch, place, { patience })) as Server;
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  return { server, port, url: `http://127.0.0.1:${port}` };
}

/** A connection of some address of this machine, which hears what it is told and whether it is still open. */
async function dial(port: number, localAddress = '127.0.0.1') {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  sockets.push(socket);
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await Promise.race([once(socket, 'connect'), closed]);
  return { socket, closed, heard: () => heard, isOpen: () => !socket.destroyed };
}

async function msUntil(closed: Promise<void>): Promise<number> {
  const began = performance.now();
  await closed;
  return performance.now() - began;
}

const countOpen = (server: Server) =>
  new Promise<number>((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n))));

/** One drop each 100 ms, for as long as anybody listens. */
function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(text)), 100);
  socket.once('close', () => clearInterval(timer));
}

describe('V13.1.2 V15.2.2 connections', () => {
  it('cuts off headers that never end, and who says nothing at all', async () => {
    const { port } = await open();
    const [slow, silent] = await Promise.all([dial(port), dial(port)]);
    slow.socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n');
    drip(slow.socket, 'x-drop: 1\r\n');
    expect(await msUntil(Promise.all([slow.closed, silent.closed]).then(() => undefined))).toBeLessThan(2_000);
    expect(slow.heard()).toMatch(/^HTTP\/1.1 408 /);
  });

  it('cuts off a body that comes drop by drop', async () => {
    const { port, url } = await open();
    const slow = await dial(port);
    slow.socket.write(`${HEAD}content-length: 60000\r\n\r\n`);
    drip(slow.socket, '[');
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect(await msUntil(slow.closed)).toBeLessThan(3_000);
    expect(slow.heard()).not.toMatch(/^HTTP\/1.1 2/);
  });

  it('refuses oversized headers with 431 and oversized bodies with 413, before they are read', async () => {
    const { port } = await open();
    const [headers, declared, chunked] = await Promise.all([dial(port), dial(port), dial(port)]);
    headers.socket.write(`GET /health/live HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(40_000)}\r\n\r\n`);
    declared.socket.write(`${HEAD}connection: close\r\ncontent-length: 10000000\r\n\r\n{`);
    chunked.socket.write(`${HEAD}connection: close\r\ntransfer-encoding: chunked\r\n\r\n`);
    for (let sent = 0; sent < 20; sent += 1) chunked.socket.write(`2000\r\n${'x'.repeat(0x2000)}\r\n`);
    await headers.closed;
    expect(headers.heard()).toMatch(/^HTTP\/1.1 431 /);
    await expect.poll(declared.heard).toMatch(/^HTTP\/1.1 413 /);
    await expect.poll(chunked.heard).toMatch(/^HTTP\/1.1 413 /);
  });

  it('gives one address an eighth of all connections, and others theirs', async () => {
    const { port, server } = await open({ maxConnections: 400 });
    const greedy = await Promise.all(Array.from({ length: 200 }, () => dial(port, '127.0.0.1')));
    await expect.poll(() => greedy.filter(({ isOpen }) => isOpen()).length).toBe(50);
    const other = await dial(port, '127.0.0.2');
    other.socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(other.heard).toMatch(/^HTTP\/1.1 200 /);
    for (const { socket } of greedy) socket.destroy();
    await expect.poll(() => countOpen(server)).toBe(1);
    const again = await Promise.all(Array.from({ length: 50 }, () => dial(port, '127.0.0.1')));
    await expect.poll(() => countOpen(server)).toBe(51);
    expect(again.every(({ isOpen }) => isOpen())).toBe(true);
  });

  it('does not count a trusted proxy as one address', async () => {
    const { port, server } = await open({ maxConnections: 400, trustedProxies: ['127.0.0.1'] });
    await Promise.all(Array.from({ length: 200 }, () => dial(port)));
    await expect.poll(() => countOpen(server)).toBe(200);
  });

  it('makes room where thousands hold all places and ask nothing', async () => {
    const patience = { ...short, headers: 60_000, request: 60_000 };
    const { port, server, url } = await open({ maxConnections: 400, trustedProxies: ['127.0.0.1'], patience });
    const idle: Awaited<ReturnType<typeof dial>>[] = [];
    const { rss } = process.memoryUsage();
    for (let wave = 0; wave < 10; wave += 1) {
      idle.push(...(await Promise.all(Array.from({ length: 150 }, () => dial(port)))));
      expect(await countOpen(server)).toBeLessThanOrEqual(400);
    }
    expect(idle).toHaveLength(1_500);
    expect(process.memoryUsage().rss - rss).toBeLessThan(150 * 1024 * 1024);
    const asked = async () => (await fetch(`${url}/health/live`).catch(() => undefined))?.status;
    await expect.poll(asked, { timeout: 20_000 }).toBe(200);
    for (const { socket } of idle) socket.destroy();
    await expect.poll(() => countOpen(server)).toBeLessThanOrEqual(2);
  });

  it('answers what is sent ahead of its answers in order, each counted, while others are served', async () => {
    const { port, url } = await open({ patience: { ...short, headers: 10_000, request: 30_000 } });
    const eager = await dial(port, '127.0.0.3');
    const body = JSON.stringify({ identifier: 'nobody@example.com' });
    const one = `${HEAD}content-length: ${body.length}\r\n\r\n${body}`;
    eager.socket.write(one.repeat(100));
    const began = performance.now();
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(2_000);
    const statuses = () => [...eager.heard().matchAll(/HTTP\/1\.1 (\d+) /g)].map((match) => Number(match[1]));
    await expect.poll(() => statuses().length, { timeout: 10_000 }).toBe(100);
    expect(statuses().filter((status) => status === 202)).toHaveLength(10);
    expect(statuses().filter((status) => status === 429)).toHaveLength(90);
  });

  it('cuts off who sends thousands ahead of their answers, before the memory is full of them', async () => {
    const { port, url } = await open({ patience: { ...short, headers: 10_000, request: 30_000 } });
    const eager = await dial(port, '127.0.0.4');
    eager.socket.write('GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(20_000));
    await eager.closed;
    const answered = [...eager.heard().matchAll(/HTTP\/1\.1 200 /g)].length;
    expect(answered).toBeLessThan(5_000);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  it('is as patient in operation as it says', async () => {
    const server = (await listen(h.instance.app.fetch, {
      ...h.instance.ctx.config,
      port: 0,
      maxConnections: 64,
    })) as Server;
    servers.push(server);
    const { headersTimeout, requestTimeout, keepAliveTimeout, timeout, maxConnections } = server;
    expect([headersTimeout, requestTimeout, keepAliveTimeout, timeout, maxConnections]).toEqual([
      10_000, 30_000, 65_000, 120_000, 64,
    ]);
  });

  it('keeps a connection for its next request', async () => {
    const { url, server } = await open();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let round = 0; round < 3; round += 1) {
      await new Promise<void>((resolve, reject) => {
        get(`${url}/health/live`, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
      });
    }
    expect(await countOpen(server)).toBe(1);
    agent.destroy();
  });
});
