import { pino } from 'pino';
import type { Config } from '../../src/config.ts';
import { type Instance, openInstance } from '../../src/instance.ts';
import { type Answer, type Harness, someAddress } from './harness.ts';

export type Node = Instance & {
  get(path: string, token?: string): Promise<Pick<Answer, 'status' | 'body'>>;
  post(path: string, body: unknown, ip?: string): Promise<Pick<Answer, 'status' | 'body'>>;
};

/** Another node of the same installation, on the same database and clock. */
export async function openNode(h: Harness, change: Partial<Config> = {}): Promise<Node> {
  const { config } = h.instance.ctx;
  const parts = { ...config, databaseUrl: h.databaseUrl, secret: config.secret as Buffer, ...change };
  const instance = await openInstance(parts as Config & { databaseUrl: string; secret: Buffer }, {
    clock: h.clock,
    log: pino({ level: 'silent' }),
    // Mails are read where they were sent.
    roles: ['api'],
  });
  async function ask(path: string, init: RequestInit, ip = someAddress()) {
    const response = await instance.app.request(path, init, { incoming: { socket: { remoteAddress: ip } } });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }
  return {
    ...instance,
    get: (path, token) => ask(path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }),
    post: (path, body, ip) =>
      ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }, ip),
  };
}
