import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSync } from 'otplib';
import pg from 'pg';
import { type Logger, pino } from 'pino';
import { inject } from 'vitest';
import { createAgent } from '../../src/agents/agents.ts';
import type { Role } from '../../src/agents/rules.ts';
import { createApiKey, type Scope, scopes } from '../../src/api-keys/api-keys.ts';
import { readConfig } from '../../src/config.ts';
import { type Instance, openInstance } from '../../src/instance.ts';
import type { StoredMail } from '../../src/notices/inbox.ts';
import type { Policy } from '../../src/policy.ts';
import { ruleIds } from '../../src/suspicions/rules.ts';
import { databaseUrl, TEMPLATE } from './global-setup.ts';

export const PASSWORD = 'correct horse battery staple';

/** Time that stands still until a test moves it. It starts now, so that tokens of other libraries agree. */
export class TestClock {
  #now = Math.floor(Date.now() / 1000) * 1000;
  now(): Date {
    return new Date(this.#now);
  }
  advance(ms: number): void {
    this.#now += ms;
  }
}

export type Call = {
  body?: unknown;
  token?: string | undefined;
  /** A new address for every call unless given: rates are not what most tests are about. */
  ip?: string;
  headers?: Record<string, string>;
};
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
export type Answer = { status: number; body: any; text: string; headers: Headers };

export type Options = {
  policy?: Partial<Policy>;
  env?: Record<string, string>;
  log?: Logger;
  /** With `api` alone nothing happens by itself; `mails` delivers all the same. */
  roles?: readonly ('api' | 'worker')[];
};

export type Harness = {
  instance: Instance;
  clock: TestClock;
  pool: pg.Pool;
  databaseUrl: string;
  call(method: string, path: string, call?: Call): Promise<Answer>;
  post(path: string, body?: unknown, call?: Call): Promise<Answer>;
  get(path: string, token?: string): Promise<Answer>;
  /** Delivers what is due, then all mails so far, newest first; to one address if given. */
  mails(to?: string): Promise<StoredMail[]>;
  close(): Promise<void>;
};

/** Most tests guess, and from many addresses at once: only those that are about it want to be suspected. */
const OFF = {
  'stuffing.mode': 'off',
  ...Object.fromEntries(ruleIds.map((id) => [`rules.${id}` as const, 'off'])),
};
/** Hashes that cost next to nothing, refusals that wait for nothing: an operator could not set this. Tests about it name what is real. */
const CHEAP = { 'passwords.argon2id': 'm=64,t=1,p=1', 'signIn.beat': 1 };

/** A whole service on its own copy of the database, with a clock that the test moves. */
export async function openHarness(options: Options = {}): Promise<Harness> {
  const server = inject('databaseServer');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(server, `create database ${name} template ${TEMPLATE}`);
  const url = databaseUrl(server, name);
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  const clock = new TestClock();
  const config = readConfig({ HOLDFAST_DATA: dataDir, ...options.env });
  const instance = await openInstance(
    {
      ...config,
      policy: { ...config.policy, ...CHEAP, ...OFF, ...options.policy },
      databaseUrl: url,
      secret: randomBytes(32),
    },
    { clock, log: options.log ?? pino({ level: 'silent' }), ...(options.roles && { roles: options.roles }) },
  );
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined);

  async function call(method: string, path: string, { body, token, ip, headers }: Call = {}): Promise<Answer> {
    const response = await instance.app.request(
      path,
      {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      },
      { incoming: { socket: { remoteAddress: ip ?? someAddress() } } },
    );
    const text = await textOf(response);
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : undefined,
      headers: response.headers,
    };
  }

  return {
    instance,
    clock,
    pool,
    databaseUrl: url,
    call,
    post: (path, body, rest) => call('POST', path, { body: body ?? {}, ...rest }),
    get: (path, token) => call('GET', path, { token }),
    async mails(to) {
      await instance.worker.drain();
      // In the order of their deliveries' making: lanes run side by side, so they may arrive in another.
      const all = ((await instance.ctx.inbox?.list()) ?? []).toSorted((a, b) => (a.messageId < b.messageId ? 1 : -1));
      return to === undefined ? all : all.filter((mail) => mail.to === to);
    },
    async close() {
      await instance.close(500);
      await pool.end();
      await onServer(server, `drop database ${name} with (force)`);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The body; of a stream, which has no end, what it begins with. */
async function textOf(response: Response): Promise<string> {
  if (response.headers.get('content-type') !== 'text/event-stream') return await response.text();
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

async function onServer(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(sql);
  await client.end();
}

export function someAddress(): string {
  return `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
}

export function someEmail(): string {
  return `u${randomBytes(6).toString('hex')}@example.com`;
}

/** The token of the mail's link to this page. */
export function tokenIn(mail: StoredMail | undefined, page: string): string {
  const token = new RegExp(`/${page}#token=(\\S+)`).exec(mail?.text ?? '')?.[1];
  if (token === undefined) throw new Error(`no link to /${page} in ${mail?.subject}`);
  return token;
}

export function totpCode(secret: string, at: Date): string {
  return generateSync({ secret, epoch: Math.floor(at.getTime() / 1000) });
}

export type Owner = {
  email: string;
  accountId: string;
  accessToken: string;
  refreshToken: string;
  deviceToken: string;
  sessionId: string;
};

/** Signs somebody up, confirms the mail, and signs them in. */
export async function newOwner(h: Harness, extra: Record<string, unknown> = {}): Promise<Owner> {
  const email = someEmail();
  await h.post('/v1/auth/sign-up', { email, password: PASSWORD, ...extra });
  await h.post('/v1/auth/email-confirmation', { token: tokenIn((await h.mails(email))[0], 'confirm') });
  const { body } = await h.post('/v1/auth/sign-in', { identifier: email, password: PASSWORD });
  return { email, ...body };
}

export type Enrolled = { secret: string; recoveryCodes: string[] };

/** Enrols an authenticator and moves on to the next time step, so that its codes are fresh. */
export async function enrolTotp(h: Harness, owner: Owner): Promise<Enrolled> {
  const { body } = await h.post('/v1/me/totp', undefined, { token: owner.accessToken });
  const code = totpCode(body.secret, h.clock.now());
  const confirmed = await h.post('/v1/me/totp/confirm', { code }, { token: owner.accessToken });
  await strengthen(h, owner.accessToken);
  h.clock.advance(30_000);
  return { secret: body.secret, recoveryCodes: confirmed.body.recoveryCodes };
}

/** Makes a session what it were had its sign-in given the factor too: one that only enrolled is good for no change. */
export async function strengthen(h: Harness, accessToken: string): Promise<void> {
  const { sid } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
  await h.pool.query(`update sessions set acr = 'aal2', amr = '{pwd,otp,mfa}' where id = $1`, [sid]);
}

export type TestAgent = {
  agentId: string;
  email: string;
  password: string;
  totpSecret: string;
  accessToken: string;
  refreshToken: string;
};

export async function newAgent(h: Harness, role: Role = 'agent'): Promise<TestAgent> {
  const made = await createAgent(h.instance.ctx, { email: someEmail(), name: 'Kim', role }, { kind: 'system' });
  const code = totpCode(made.totpSecret, h.clock.now());
  const { body } = await h.post('/v1/agent/auth/sign-in', { email: made.email, password: made.password, code });
  return { ...made, accessToken: body.accessToken, refreshToken: body.refreshToken };
}

export async function newApiKey(h: Harness, wanted: readonly Scope[] = scopes): Promise<string> {
  return (await createApiKey(h.instance.ctx, 'test', wanted, { kind: 'system' })).apiKey;
}
