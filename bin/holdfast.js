#!/usr/bin/env node
// Any Node can parse this file: it says what is missing before anything newer is loaded.
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `Holdfast needs Node.js 24 or newer, this is ${process.versions.node}: use "npm start", which brings its own on Linux, or install a newer Node.js.`,
  );
  process.exit(1);
}
// Password hashes take at most one thread per core; the pool needs more for everything else. Read once, at first use.
process.env.UV_THREADPOOL_SIZE ??= String(cpus().length + 4);
// Compiled code, types stripped, is kept beside the packages: the second start takes half the time and memory.
const { enableCompileCache } = await import('node:module');
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/holdfast', import.meta.url)));
await import('../src/cli.ts');
