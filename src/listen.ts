// Exported for tests: Patience
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { serve as openServer, type ServerType } from '@hono/node-server';
import { addressList } from './client-address.ts';
import type { Config } from './config.ts';
import { FramedResponse } from './framed-response.ts';
import { addressBlock } from './lockout/address-block.ts';
import type { Shed } from './shed.ts';

/** One address holds no more than this part of all connections. */
const SHARE = 1 / 8;
/** Where all places are taken, this part of them is freed. */
const ROOM = 1 / 16;
/** Requests sent on one connection ahead of their answers; browsers and proxies send one. */
const MOST_AHEAD = 100;

/** How long a client may take, in ms. */
export type Patience = { headers: number; request: number; idle: number; silent: number };

// `idle` is longer than load balancers keep a connection, so that they close it and not we, under a request of theirs.
const usual: Patience = { headers: 10_000, request: 30_000, idle: 65_000, silent: 120_000 };

type Listening = Pick<Config, 'port' | 'host' | 'maxConnections' | 'trustedProxies'>;

/**
 * Serves on the port, or says which is taken. Slow and endless requests are cut off, of connections there are
 * `maxConnections`, an eighth of them for one address (IPv6 by /64) that is no trusted proxy; headers over 16 KiB get 431
 * (ASVS 13.1.2, 15.2.2), and who sends more than 100 requests ahead of their answers is cut off. What `shed` answers goes
 * no further.
 */
export async function listen(
  fetch: Parameters<typeof openServer>[0]['fetch'],
  config: Listening,
  { shed = () => false, patience = usual }: { shed?: Shed; patience?: Patience } = {},
): Promise<ServerType> {
  return await new Promise((resolve, reject) => {
    const server = openServer(
      {
        fetch,
        port: config.port,
        hostname: config.host,
        createServer: shedding(shed),
        serverOptions: {
          headersTimeout: patience.headers,
          requestTimeout: patience.request,
          keepAliveTimeout: patience.idle,
          // Else they are looked for every half minute only.
          connectionsCheckingInterval: Math.min(1_000, patience.headers),
        },
      },
      () => resolve(server),
    );
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(
        isTaken
          ? new Error(`Port ${config.port} on ${config.host} is taken: set PORT to another, or 0 for any free one.`)
          : error,
      );
    });
    bound(server, config, patience);
  });
}

/** A server that asks `shed` about a request before anybody else. */
function shedding(shed: Shed): typeof createServer {
  const open = (options: ServerOptions, answer: RequestListener) =>
    createServer(
      { ...options, ServerResponse: FramedResponse },
      (request, response) => shed(request, response) || answer(request, response),
    );
  return open as typeof createServer;
}

function bound(server: ServerType, { maxConnections, trustedProxies }: Listening, patience: Patience): void {
  // Who takes an answer so slowly that nothing moves: streams have a heartbeat.
  server.setTimeout(patience.silent);
  server.maxConnections = maxConnections;
  makeRoom(server, Math.ceil(maxConnections * ROOM));
  const isTrusted = addressList(trustedProxies);
  const most = Math.max(1, Math.floor(maxConnections * SHARE));
  const held = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || isTrusted(remoteAddress)) return;
    const block = addressBlock(remoteAddress);
    const count = (held.get(block) ?? 0) + 1;
    if (count > most) return void socket.destroy();
    held.set(block, count);
    socket.once('close', () => {
      const left = (held.get(block) ?? 1) - 1;
      if (left === 0) held.delete(block);
      else held.set(block, left);
    });
  });
}

/** Where somebody finds no place, those go who have asked nothing for longest: else silence would keep everybody out. */
function makeRoom(server: ServerType, places: number): void {
  const quiet = new Set<Socket>();
  const asking = new Map<Socket, number>();
  server.on('connection', (socket: Socket) => {
    quiet.add(socket);
    socket.once('close', () => quiet.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    quiet.delete(socket);
    const ahead = (asking.get(socket) ?? 0) + 1;
    asking.set(socket, ahead);
    if (ahead > MOST_AHEAD) socket.destroy();
    response.once('close', () => {
      const left = (asking.get(socket) ?? 1) - 1;
      if (left > 0) return void asking.set(socket, left);
      asking.delete(socket);
      if (!socket.destroyed) quiet.add(socket);
    });
  });
  server.on('drop', () => {
    for (const socket of [...quiet].slice(0, places)) socket.destroy();
  });
}

/** Takes no more connections and waits for the requests under way, but no longer than `patience` (ms) for any client. */
export async function closeServer(server: ServerType, patience: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  if (!('closeIdleConnections' in server)) return await closed;
  // A connection whose last answer is out is idle only then.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const cut = setTimeout(() => server.closeAllConnections(), patience);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
