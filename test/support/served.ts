import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { type Instance, openInstance } from '../../src/instance.ts';
import { type Harness, type Options, openHarness } from './harness.ts';

export type Served = Harness & {
  origin: string;
  /** Another node on the same database, at an address of its own. */
  addNode(): Promise<{ origin: string; instance: Instance }>;
};

/** A whole service on a real port. */
export async function openServed(options: Options = {}): Promise<Served> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const h = await openHarness(options);
  const servers: ServerType[] = [];
  const more: Instance[] = [];
  const listen = async (instance: Instance, at: number): Promise<void> => {
    const server = serve({ fetch: instance.app.fetch, port: at, hostname: '127.0.0.1' });
    servers.push(server);
    if (!server.listening) await once(server, 'listening');
  };
  await listen(h.instance, port);
  return {
    ...h,
    origin,
    async addNode() {
      const { config, clock, log } = h.instance.ctx;
      const known = config as typeof config & { databaseUrl: string; secret: Buffer };
      const instance = await openInstance(known, { clock, log });
      more.push(instance);
      const at = await freePort();
      await listen(instance, at);
      return { origin: `http://127.0.0.1:${at}`, instance };
    },
    async close() {
      for (const instance of [h.instance, ...more]) instance.endStreams();
      for (const server of servers) {
        server.close();
        if ('closeAllConnections' in server) server.closeAllConnections();
      }
      for (const instance of more) await instance.close(500);
      await h.close();
    },
  };
}

export type Wire = {
  origin: string;
  /** Ends every connection at once. */
  cut(): void;
  /** Nothing goes through any more, and nobody is told. */
  stall(): void;
  /** Works again; what hung on it is gone. */
  heal(): void;
  count(): number;
  close(): Promise<void>;
};

/** A wire to a server that can be cut, and that can go dead without a sign. */
export async function openWire(target: string): Promise<Wire> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isStalled = false;
  const server: Server = createTcpServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => void (isStalled || to.write(chunk)));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    stall() {
      isStalled = true;
    },
    heal() {
      isStalled = false;
      cut();
    },
    count: () => sockets.size / 2,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createTcpServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
