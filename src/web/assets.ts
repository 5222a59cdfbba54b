import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Router, router } from '../http.ts';
import { Problem } from '../problem.ts';
import { type AssetName, docsAssets, ownAssets, packageAssets } from './asset-list.ts';

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const resolvePackage = createRequire(import.meta.url).resolve;
const compress = promisify(gzip);

export type Assets = { routes: Router; urlOf: (name: AssetName) => string };

/**
 * The files of the pages, read once. One hash over all of them is the folder in every URL: a script's relative imports
 * stay right, and a browser may keep each file for good.
 */
export function openAssets(hasDocs: boolean): Assets {
  const files = new Map(
    locations()
      .filter(([name]) => hasDocs || !docsAssets.includes(name))
      .map(([name, place]) => [name, readFileSync(place)]),
  );
  const hash = createHash('sha256');
  for (const [name, content] of files) hash.update(`${name}:${content.length}:`).update(content);
  const version = hash.digest('hex').slice(0, 16);
  const compressed = new Map<string, Promise<Buffer>>();

  const routes = router();
  routes.get('/assets/:version/:name', async (c) => {
    const { name } = c.req.param();
    const content = files.get(name);
    if (content === undefined || c.req.param('version') !== version) throw new Problem('not-found');
    const headers = {
      'content-type': types[extname(name)] ?? 'application/octet-stream',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    };
    if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(new Uint8Array(content), 200, headers);
    const small = compressed.get(name) ?? compress(content, { level: 9 });
    compressed.set(name, small);
    return c.body(new Uint8Array(await small), 200, { ...headers, 'content-encoding': 'gzip' });
  });
  return { routes, urlOf: (name) => `/assets/${version}/${name}` };
}

function locations(): [string, string | URL][] {
  const own = ownAssets.map((name): [string, URL] => [name, new URL(`assets/${name}`, import.meta.url)]);
  return [
    ...own,
    ...Object.entries(packageAssets).map(([name, file]): [string, string] => [name, resolvePackage(file)]),
  ];
}
