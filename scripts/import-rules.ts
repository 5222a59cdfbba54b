/** The rules of the house that the linter cannot say. */
import { dirname } from 'node:path';
import { GENERATED, readSources, type SourceFile } from './import-graph.ts';

const MAX_LINES = 250;
const VAGUE = /^(?:utils?|helpers?|common|services?|managers?)$/i;

interface Pattern {
  /** Which part of a file is searched: what stands in quotes, everything else but comments, or all of it. */
  where: 'literals' | 'code' | 'text';
  files: RegExp;
  pattern: RegExp;
  message: string;
}

const PATTERNS: Pattern[] = [
  {
    where: 'literals',
    // The ledger of migrations may say when each was applied.
    files: /^src\/(?!db\/migrate\.ts$).*\.ts$/,
    pattern:
      /(?<![.\w])(?:(?:now|(?:clock|statement|transaction)_timestamp|timeofday)\s*\(\s*\)|(?:current_(?:timestamp|date|time)|localtime(?:stamp)?)\b|'now')/gi,
    message: 'SQL takes the time as a parameter',
  },
  {
    where: 'text',
    files: /^src\/.*\.ts$/,
    pattern: /\bfn(?:<[^>]*>)?\(\s*'(?:now|clock_timestamp)'/g,
    message: 'SQL takes the time as a parameter',
  },
  {
    where: 'code',
    files: /^src\/(?:.*\/)?(?:queries|rules)\.ts$/,
    pattern:
      /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w]))|(?<!new\s+)\bDate\s*\(|\bperformance\s*\.\s*now\b/g,
    message: 'queries and rules have no clock: take `now: Date` as the last parameter',
  },
  {
    where: 'code',
    files: /^(?:src|bin)\//,
    pattern: /\brejectUnauthorized\s*[:=]\s*false\b/g,
    message: 'certificates are always verified',
  },
];

function* brokenBy(file: SourceFile): Generator<string> {
  const { path } = file;
  const vague = path.split('/').find((part) => VAGUE.test(part.replace(/\..*$/, '')));
  if (vague) yield `${path}: "${vague}" names nothing; say what is inside`;

  const lines = file.text.trimEnd().split('\n').length;
  if (path.startsWith('src/') && path !== GENERATED && lines > MAX_LINES)
    yield `${path}: ${lines} lines; ${MAX_LINES} are the most`;

  for (const { where, files, pattern, message } of PATTERNS) {
    if (!files.test(path)) continue;
    for (const { 0: found, index } of file[where].matchAll(pattern)) {
      yield `${path}:${file.text.slice(0, index).split('\n').length}: ${message} (${found})`;
    }
  }
  if (path.startsWith('src/')) for (const { to } of file.imports) yield* brokenByImport(path, to);
}

function* brokenByImport(path: string, to: string): Generator<string> {
  if (/^(?:test|bench|scripts)\//.test(to)) yield `${path}: the service imports nothing from ${to}`;
  if (!to.startsWith('src/')) return;

  const owner = dirname(to);
  if (to.endsWith('/queries.ts') && !path.startsWith(`${owner}/`)) {
    yield `${path}: ${to} belongs to ${owner}/ alone; call its use case`;
  }
  const shell = path === 'src/app.ts' || path.startsWith('src/web/');
  if (to.endsWith('/routes.ts') && !shell) yield `${path}: ${to} is mounted by src/app.ts alone`;
}

/** Each cycle of value imports once, from its first file on; types vanish at run time and are free to point back. */
function findCycles(sources: Map<string, SourceFile>): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push(`import cycle: ${[...trail.slice(start), path].join(' → ')}`);
    if (start >= 0 || done.has(path)) return;
    for (const { to, typeOnly } of sources.get(path)?.imports ?? []) if (!typeOnly) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return cycles;
}

const sources = readSources();
const broken = [...Array.from(sources.values(), (file) => [...brokenBy(file)]).flat(), ...findCycles(sources)];
for (const line of broken) console.log(line);
if (broken.length > 0) process.exitCode = 1;
