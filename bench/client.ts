import { createConnection, type Socket } from 'node:net';

export type Target = { host: string; port: number };
export type Call = { method: 'GET' | 'POST'; path: string; token?: string; body?: unknown; ip?: string };
export type Reply = { status: number; body: string };

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

/**
 * One keep-alive connection with one request at a time. It shares the machine with what it measures, so it parses no
 * more of HTTP than two servers of our own speak: a full client costs as much as a session check.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #host: string;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;

  constructor({ host, port }: Target) {
    this.#host = `${host}:${port}`;
    this.#socket = createConnection({ host, port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error(`${this.#host} closed the connection`)));
  }

  async send({ method, path, token, body, ip }: Call): Promise<Reply> {
    const content = body === undefined ? '' : JSON.stringify(body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      `host: ${this.#host}`,
      'user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
      ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
      ...(ip === undefined ? [] : [`x-forwarded-for: ${ip}`]),
      ...(body === undefined
        ? []
        : ['content-type: application/json', `content-length: ${Buffer.byteLength(content)}`]),
    ];
    return await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(`${head.join('\r\n')}\r\n\r\n${content}`);
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const reply = readReply(this.#received);
    if (!reply) return;
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(reply);
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

/** The reply once it is whole, by its length or by its last chunk. */
function readReply(received: Buffer): Reply | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const start = headEnd + HEAD_END.length;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return received.length < end ? undefined : { status, body: received.toString('utf8', start, end) };
  }
  if (status === 204) return { status, body: '' };
  if (!received.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) return undefined;
  const chunks = received.toString('utf8', start, received.length - LAST_CHUNK.length);
  return { status, body: chunks.replace(/(^|\r\n)[0-9a-f]+\r\n/gi, '') };
}
