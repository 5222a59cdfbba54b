/** Holds the README's tables to the code: `--write` generates them; otherwise any difference fails. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type PolicyKey, policyKeys } from '../src/policy.ts';
import { showValue } from '../src/policy-file.ts';

const FILE = 'README.md';

function policyTable(): string {
  const rows = Object.entries<PolicyKey>(policyKeys).map(([name, key]) => {
    const unit = key.kind === 'count' ? ` ${key.unit}` : '';
    const limits = limitsOf(key);
    const psd2 = key.psd2 === undefined ? '' : `${showValue(key, key.psd2)}${unit}`;
    return `| \`${name}\` | ${showValue(key, key.default)}${unit} | ${psd2} | ${limits} | ${key.source} |`;
  });
  return ['| key | default | under `psd2` | limits | source |', '|---|---|---|---|---|', ...rows].join('\n');
}

function limitsOf(key: PolicyKey): string {
  if (key.kind === 'choice') return key.options.join(' or ');
  return key.kind === 'text' ? key.form : `${showValue(key, key.min)} to ${showValue(key, key.max)}`;
}

const tables: Record<string, () => string> = { policy: policyTable };

const before = readFileSync(FILE, 'utf8');
const after = Object.entries(tables).reduce((text, [name, make]) => {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`${FILE} has no place for the table "${name}"`);
  return `${text.slice(0, start + begin.length)}\n${make()}\n${text.slice(stop)}`;
}, before);

if (process.argv.includes('--write')) writeFileSync(FILE, after);
else if (after !== before) {
  console.error(`${FILE} is not what the code says; run npm run fix`);
  process.exit(1);
}
