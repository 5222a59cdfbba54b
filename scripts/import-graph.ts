import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Its form is the generator's: it may be long, and export more than is imported. */
export const GENERATED = 'src/db/types.ts';

const ROOTS = ['src', 'client', 'examples', 'test', 'scripts', 'bench', 'bin'];

export interface Import {
  /** Path of the imported file from the project's root, or the bare specifier of a package. */
  to: string;
  /** Imported names as the other file exports them; `*` stands for all of them. */
  names: string[];
  typeOnly: boolean;
}

export interface SourceFile {
  path: string;
  text: string;
  /** The text without comments and without what stands in quotes, every other character at its place. */
  code: string;
  /** Only what stands in quotes, every character at its place. */
  literals: string;
  exports: string[];
  imports: Import[];
}

export function readSources(): Map<string, SourceFile> {
  const paths = ROOTS.flatMap((root) => globSync(`${root}/**/*.{ts,js}`)).sort();
  if (!paths.some((path) => path.startsWith('src/'))) throw new Error('there are no sources below src/');
  return new Map(paths.map((path) => [path, readSource(path, readFileSync(path, 'utf8'))]));
}

function readSource(path: string, text: string): SourceFile {
  const { code, literals } = separate(text);
  return { path, text, code, literals, exports: findExports(code), imports: findImports(path, code, literals) };
}

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|[`{}]|\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:\$\{|`|$)/y;
/** What may stand before a slash that opens a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|await|yield))\s*$/;

/** Splits a source into code and literals, so that patterns never match inside comments or quotes. */
function separate(text: string): { code: string; literals: string } {
  const code = text.split('');
  const literals = text.replace(/[^\n]/g, ' ').split('');
  const blank = (from: number, to: number, keep: boolean) => {
    for (let at = from; at < to; at += 1) {
      if (text[at] === '\n') continue;
      code[at] = ' ';
      if (keep) literals[at] = text[at] ?? ' ';
    }
  };
  // Each open template holds the depth of braces in its `${…}`.
  const templates: number[] = [];
  const template = (from: number) => {
    TEMPLATE_TEXT.lastIndex = from;
    const end = from + (TEMPLATE_TEXT.exec(text)?.[0].length ?? 0);
    const goesOn = text.endsWith('${', end);
    blank(from, end - (goesOn ? 2 : 1), true);
    if (goesOn) templates.push(0);
    return end;
  };
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [token] = match;
    const end = match.index + token.length;
    const depth = templates.at(-1);
    if (token === '`') TOKEN.lastIndex = template(end);
    else if (token === '{') depth !== undefined && templates.splice(-1, 1, depth + 1);
    else if (token === '}') {
      if (depth === 0) {
        templates.pop();
        TOKEN.lastIndex = template(end);
      } else if (depth !== undefined) templates.splice(-1, 1, depth - 1);
    } else if (token.startsWith("'") || token.startsWith('"')) blank(match.index + 1, end - 1, true);
    else if (token.startsWith('//') || token.startsWith('/*')) blank(match.index, end, false);
    else if (BEFORE_REGEX.test(text.slice(Math.max(0, match.index - 80), match.index)))
      blank(match.index + 1, end - 1, false);
    else TOKEN.lastIndex = match.index + 1;
  }
  return { code: code.join(''), literals: literals.join('') };
}

const DECLARATION =
  /^export (?:default )?(?:declare |abstract |async )*(?:const|let|var|function\*?|class|type|interface|enum)\s+([\w$]+|\{[^}]*\})/gm;
const EXPORT_LIST = /^export\s+(?:type\s+)?(\{[^}]*\})/gm;

function findExports(code: string): string[] {
  const declared = Array.from(code.matchAll(DECLARATION), ([, name = '']) =>
    name.startsWith('{') ? names(name, 1) : [name],
  );
  const listed = Array.from(code.matchAll(EXPORT_LIST), ([, list = '']) => names(list, 1));
  return [...new Set([...declared, ...listed].flat())];
}

const STATIC =
  /^(?:import|export)\s+(type\s+)?((?:[\w$]+\s*,?\s*)?(?:\*(?:\s*as\s+[\w$]+)?|\{[^}]*\})?)\s*from\s*(['"])( *)\3/dgm;
const SIDE_EFFECT = /^import\s*(['"])( *)\1/dgm;
const DYNAMIC = /(?:(\{[^{}]*\})\s*=\s*await\s+)?\bimport\(\s*(['"])( *)\2\s*\)\)?(?:\.(?!then\b|catch\b)([\w$]+))?/dg;

function findImports(path: string, code: string, literals: string): Import[] {
  const target = ([from, to]: [number, number] = [0, 0]) => {
    const specifier = literals.slice(from, to);
    return specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier;
  };
  const found: Import[] = [];
  for (const { 1: type, 2: clause = '', indices } of code.matchAll(STATIC)) {
    found.push({ to: target(indices?.[4]), names: clauseNames(clause, code), typeOnly: type !== undefined });
  }
  for (const { indices } of code.matchAll(SIDE_EFFECT)) {
    found.push({ to: target(indices?.[2]), names: [], typeOnly: false });
  }
  for (const { 1: list, 4: member, indices } of code.matchAll(DYNAMIC)) {
    found.push({ to: target(indices?.[3]), names: list ? names(list, 0) : [member ?? '*'], typeOnly: false });
  }
  return found;
}

/** What an import clause takes from the other file; a namespace takes the members that are used. */
function clauseNames(clause: string, code: string): string[] {
  const list = clause.indexOf('{');
  const namespace = /\*(?:\s*as\s+([\w$]+))?/.exec(clause);
  const hasDefault = /^[\w$]/.test(clause) ? ['default'] : [];
  if (list >= 0) return [...hasDefault, ...names(clause.slice(list), 0)];
  if (!namespace) return hasDefault;
  const uses = code.matchAll(
    new RegExp(`(?<!\\bas\\s+|[.\\w$])${namespace[1]?.replaceAll('$', '\\$$')}\\b(?:\\.([\\w$]+))?`, 'g'),
  );
  return [...hasDefault, ...(namespace[1] ? Array.from(uses, ([, member]) => member ?? '*') : ['*'])];
}

/** `{ type a as b, c: d }` → the names before (side 0) or after (side 1) the renaming. */
function names(list: string, side: 0 | 1): string[] {
  const items = list
    .replace(/[{}]/g, '')
    .split(',')
    .map((item) => item.trim().replace(/^type\s+(?!as\b)/, ''));
  return items.filter(Boolean).map((item) => {
    const [before = '', after = before] = item.split(/\s+as\s+|\s*:\s*/);
    return side === 0 ? before : after;
  });
}
