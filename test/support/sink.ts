import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

export type Received = { method: string; headers: IncomingHttpHeaders; text: string };
/** What the sink says; `hang` says nothing until the sink closes. */
export type Reply = { status?: number; headers?: Record<string, string>; body?: unknown; hang?: boolean };

export type Sink = {
  url: string;
  port: number;
  received: Received[];
  /** How it answers from now on. */
  answer: (request: Received) => Reply;
  /** Resolves once `count` requests in all have come. */
  waitFor(count: number): Promise<void>;
  close(): Promise<void>;
};

/** Somebody else's HTTP server on loopback: keeps what it gets, answers what the test wants. */
export async function openSink(port = 0): Promise<Sink> {
  const arrivals = openArrivals<Received>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const seen = { method: request.method ?? '', headers: request.headers, text: Buffer.concat(chunks).toString() };
    const reply = sink.answer(seen);
    arrivals.add(seen);
    if (!reply.hang) say(response, reply);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const sink: Sink = {
    url: `http://127.0.0.1:${address.port}/tickets`,
    port: address.port,
    received: arrivals.all,
    answer: () => ({ status: 204 }),
    waitFor: arrivals.waitFor,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return sink;
}

function say(response: ServerResponse, { status = 200, headers = {}, body }: Reply): void {
  response.writeHead(status, headers);
  response.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
}

export type SmtpSink = {
  url: string;
  mails: Email[];
  /** Refuses every recipient with this code while set. */
  refusal: number | undefined;
  waitFor(count: number): Promise<void>;
  close(): Promise<void>;
};

/** Somebody else's mail server on loopback. */
export async function openSmtpSink(port = 0): Promise<SmtpSink> {
  const arrivals = openArrivals<Email>();
  const server = new SMTPServer({
    closeTimeout: 20,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onRcptTo(_address, _session, done) {
      if (sink.refusal === undefined) return done();
      done(Object.assign(new Error('refused'), { responseCode: sink.refusal }));
    },
    async onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      arrivals.add(await PostalMime.parse(Buffer.concat(chunks)));
      done();
    },
  });
  server.on('error', () => undefined);
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  const sink: SmtpSink = {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    mails: arrivals.all,
    refusal: undefined,
    waitFor: arrivals.waitFor,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return sink;
}

function openArrivals<T>() {
  const all: T[] = [];
  const waiting = new Set<() => void>();
  return {
    all,
    add(item: T) {
      all.push(item);
      for (const check of waiting) check();
    },
    waitFor: (count: number) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (all.length < count) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

/** A port that nothing listens on: whoever calls it is refused at once. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
