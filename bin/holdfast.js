#!/usr/bin/env node
// Old Nodes must be able to parse this file: it says what is missing before anything newer is loaded.
var major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error('Holdfast needs Node.js 24 or newer; this is ' + process.versions.node + '. Run it by "npm start", which brings its own on Linux, or install a newer Node.js.');
  process.exit(1);
}
import('../src/cli.ts');
