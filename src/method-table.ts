import type { Router } from './http.ts';
import { Problem } from './problem.ts';

export type MethodTable = { path: string; pattern: RegExp; isLiteral: boolean; methods: string[] }[];

/** Every path of the service with its methods. */
export function methodTable(app: Router): MethodTable {
  const byPath = Map.groupBy(
    app.routes.filter((route) => route.method !== 'ALL'),
    (route) => route.path,
  );
  return [...byPath].map(([path, routes]) => ({
    path,
    pattern: new RegExp(`^${path.replace(/\/$/, '').replace(/:[^/]+/g, '[^/]+')}/?$`),
    isLiteral: !path.includes(':'),
    methods: [...new Set(routes.map((route) => route.method))],
  }));
}

/** Whether only a path with a parameter has this method, and one that is written out would be taken for its value. */
export function isOutdone(written: MethodTable[number] | undefined, method: string): boolean {
  return written !== undefined && method !== 'HEAD' && !written.methods.includes(method);
}

/** 405 where a path has other methods, else 404 (RFC 9110 15.5.6). */
export function missing(table: MethodTable, method: string, path: string): Problem {
  const fitting = table.filter((entry) => entry.pattern.test(path));
  const literal = fitting.filter((entry) => entry.isLiteral);
  // What is written out counts before what a parameter would take in.
  const methods = [...new Set((literal.length > 0 ? literal : fitting).flatMap((entry) => entry.methods))];
  if (methods.length === 0 || methods.includes(method)) return new Problem('not-found');
  return new Problem('method-not-allowed', { headers: { allow: methods.join(', ') } });
}
