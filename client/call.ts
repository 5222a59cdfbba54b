import { type ErrorCode, HoldfastError } from './errors.ts';
import { type OperationName, operations } from './operations.ts';

export type ClientOptions = {
  /** Where the service is reached, such as `https://accounts.example.com`. */
  baseUrl: string;
  /** `hf_sk_…`, for the operations of the host. */
  apiKey?: string;
  /** For one try. 10 seconds unless given. */
  timeoutMs?: number;
  /** How often a call that is safe to repeat is tried again. 2 unless given. */
  retries?: number;
  /** Another `fetch`, such as one with a proxy. */
  fetch?: typeof fetch;
};

export type CallOptions = {
  /** The account holder's or agent's token; a case token; another API key. */
  token?: string;
  /** Made up where not given, so that a repeated POST has one effect. */
  idempotencyKey?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
  headers?: Record<string, string>;
};

type Input = Record<string, unknown>;

/** POSTs that change nothing when repeated: a key for them would only be kept for nothing. */
const repeatable = new Set<OperationName>(['introspect', 'noteSeen']);

/** One call of the contract. Throws HoldfastError for every refusal and where no answer came. */
export async function call(
  client: ClientOptions,
  name: OperationName,
  input: Input = {},
  options: CallOptions = {},
): Promise<unknown> {
  const { method, url, body, isRepeatable, headers } = prepare(client, name, input, options);
  const tries = isRepeatable ? 1 + (client.retries ?? 2) : 1;
  for (let number = 1; ; number += 1) {
    try {
      return await send(client, url, { method, headers, ...(body === undefined ? {} : { body }) }, options);
    } catch (error) {
      if (number >= tries || !isPassing(error) || options.signal?.aborted) throw error;
      await pause(number, error.retryAfter);
    }
  }
}

function prepare(client: ClientOptions, name: OperationName, input: Input, options: CallOptions) {
  const { call, query, raw }: { call: string; query?: readonly string[]; raw?: boolean } = operations[name];
  const [method = '', path = ''] = call.split(' ');
  const rest = { ...input };
  const take = (key: string) => {
    const value = rest[key];
    delete rest[key];
    return value;
  };
  const filled = path.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = String(take(key) ?? '');
    // Nothing that could climb: `..` would name another operation.
    if (value === '' || value === '.' || value === '..') throw new TypeError(`${name} needs ${key}`);
    return encodeURIComponent(value);
  });
  const url = new URL(client.baseUrl.replace(/\/+$/, '') + filled);
  for (const key of query ?? []) {
    const value = take(key);
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  const isHosts = path.startsWith('/v1/server/');
  const isKept = isHosts || (path.startsWith('/v1/agent/') && !path.startsWith('/v1/agent/auth/'));
  const hasKey = method === 'POST' && isKept && !repeatable.has(name);
  const token = options.token ?? (isHosts ? client.apiKey : undefined);
  const hasBody = method !== 'GET' && Object.keys(rest).length > 0;
  const headers: Record<string, string> = {
    accept: 'application/json, application/problem+json;q=0.9, */*;q=0.1',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(hasKey ? { 'idempotency-key': options.idempotencyKey ?? crypto.randomUUID() } : {}),
    ...(hasBody && !raw ? { 'content-type': 'application/json' } : {}),
    ...options.headers,
  };
  const body = !hasBody ? undefined : raw ? (rest['body'] as Blob | string) : JSON.stringify(rest);
  return { method, url, body, headers, isRepeatable: method === 'GET' || hasKey || repeatable.has(name) };
}

async function send(client: ClientOptions, url: URL, init: RequestInit, options: CallOptions): Promise<unknown> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), options.timeoutMs ?? client.timeoutMs ?? 10_000);
  const signal = options.signal ? AbortSignal.any([options.signal, late.signal]) : late.signal;
  try {
    const response = await (client.fetch ?? fetch)(url, { ...init, signal, redirect: 'error' });
    // A stream has no end to wait for: only its beginning is timed.
    if (response.ok && typeOf(response).startsWith('text/event-stream')) return response.body;
    const bytes = await response.arrayBuffer();
    if (!response.ok) throw problemOf(response, new TextDecoder().decode(bytes));
    return contentOf(typeOf(response), bytes);
  } catch (cause) {
    if (cause instanceof HoldfastError || options.signal?.aborted) throw cause;
    throw new HoldfastError(late.signal.aborted ? 'timed-out' : 'unreachable', 0, {}, { cause });
  } finally {
    clearTimeout(timer);
  }
}

const typeOf = (response: Response) => response.headers.get('content-type') ?? '';

function contentOf(type: string, bytes: ArrayBuffer): unknown {
  if (bytes.byteLength === 0) return undefined;
  if (/^application\/([\w.-]+\+)?json/.test(type)) return JSON.parse(new TextDecoder().decode(bytes));
  return /^(text\/|application\/x-ndjson)/.test(type) ? new TextDecoder().decode(bytes) : new Blob([bytes], { type });
}

function problemOf(response: Response, text: string): HoldfastError {
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  const problem = isObject(text) ? JSON.parse(text) : {};
  const code: ErrorCode = problem.code ?? 'unexpected-answer';
  return new HoldfastError(code, response.status, problem, { retryAfter: Number.isNaN(seconds) ? undefined : seconds });
}

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object' && text.startsWith('{');
  } catch {
    return false;
  }
}

/** What a moment later may be otherwise. A limit is not: waiting it out is the caller's to decide. */
function isPassing(error: unknown): error is HoldfastError {
  if (!(error instanceof HoldfastError)) return false;
  return [0, 502, 503, 504].includes(error.status) || error.code === 'idempotency-key-in-flight';
}

async function pause(number: number, retryAfter: number | undefined): Promise<void> {
  const backoff = 100 * 2 ** number * (0.5 + Math.random() / 2);
  const wait = Math.min(Math.max(backoff, (retryAfter ?? 0) * 1000), 5_000);
  await new Promise((resolve) => setTimeout(resolve, wait));
}
