import { isDeepStrictEqual } from 'node:util';

// biome-ignore lint/suspicious/noExplicitAny: the story looks into answers of every shape.
export type Answer = { method: string; path: string; status: number; body: any };
type Asked = { token?: string | undefined; body?: unknown };
export type Call = (method: 'GET' | 'POST', path: string, asked?: Asked) => Promise<Answer>;

/** What the story stops at: what was expected, and what came instead. */
export class StoryError extends Error {}

/** Calls to the service at `url`, as its clients make them. */
export function callerOf(url: string): Call {
  return async (method, path, { token, body } = {}) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { method, path, status: response.status, body: isJson ? JSON.parse(text) : text };
  };
}

/** The answer, if it has this status and, where given, this problem code. */
export function expectStatus(answer: Answer, status: number, code?: string): Answer {
  const isRight = answer.status === status && (code === undefined || answer.body.code === code);
  if (isRight) return answer;
  const expected = code === undefined ? String(status) : `${status} ${code}`;
  throw new StoryError(
    `${answer.method} ${answer.path}\nexpected  ${expected}\ngot       ${answer.status} ${show(answer.body)}`,
  );
}

export function expectEqual(what: string, got: unknown, expected: unknown): void {
  if (isDeepStrictEqual(got, expected)) return;
  throw new StoryError(`${what}\nexpected  ${show(expected)}\ngot       ${show(got)}`);
}

/** `found`, unless there is none. */
export function expectFound<T>(what: string, found: T | undefined | null): T {
  if (found !== undefined && found !== null) return found;
  throw new StoryError(`${what}\nexpected  one\ngot       none`);
}

function show(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 500) : JSON.stringify(value);
}
