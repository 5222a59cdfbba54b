import type { Result, Router } from 'hono/router';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { SmartRouter } from 'hono/router/smart-router';
import { TrieRouter } from 'hono/router/trie-router';

/** Hono's own, which finds a path without parameters once and remembers what it found. */
export class LiteralRouter<Handler> implements Router<Handler> {
  readonly name = 'LiteralRouter';
  readonly #inner = new SmartRouter<Handler>({ routers: [new RegExpRouter(), new TrieRouter()] });
  readonly #found = new Map<string, Map<string, Result<Handler>>>();

  add(method: string, path: string, handler: Handler): void {
    if (!/[:*]/.test(path)) this.#found.set(path, new Map());
    this.#inner.add(method, path, handler);
  }

  match(method: string, path: string): Result<Handler> {
    const found = this.#found.get(path);
    const known = found?.get(method);
    if (known) return known;
    const result = this.#inner.match(method, path);
    found?.set(method, result);
    return result;
  }
}
