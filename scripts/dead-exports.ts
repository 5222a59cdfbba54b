/**
 * Every export of src/ must be imported by another file; an import from test/ alone does not count,
 * unless the exporting file says `// Exported for tests: name, name`.
 */
import { GENERATED, readSources, type SourceFile } from './import-graph.ts';

const sources = readSources();
const used = new Set<string>();
const usedByTests = new Set<string>();

for (const file of sources.values()) {
  const uses = file.path.startsWith('test/') ? usedByTests : used;
  for (const { to, names } of file.imports) {
    if (to === file.path) continue;
    for (const name of names) uses.add(`${to}: ${name}`);
  }
}

function isUsed(file: SourceFile, name: string, uses: Set<string>): boolean {
  return uses.has(`${file.path}: ${name}`) || uses.has(`${file.path}: *`);
}

function exportedForTests(file: SourceFile): Set<string> {
  const lists = file.text.matchAll(/^\/\/ Exported for tests: (.+)$/gm);
  return new Set(Array.from(lists, ([, list = '']) => list.split(',').map((name) => name.trim())).flat());
}

let dead = 0;
for (const file of sources.values()) {
  if (!file.path.startsWith('src/') || file.path === GENERATED) continue;
  const forTests = exportedForTests(file);
  for (const name of file.exports) {
    if (isUsed(file, name, used) || (forTests.has(name) && isUsed(file, name, usedByTests))) continue;
    console.log(`${file.path}: ${name}`);
    dead += 1;
  }
}
if (dead > 0) {
  console.log(`${dead} exports are imported by no other file of src/, scripts/, bench/ or bin/`);
  process.exitCode = 1;
}
