import { readFileSync } from 'node:fs';
import { domainToASCII } from 'node:url';
import { ConfigError } from '../config.ts';

/** Whether a mailbox is of a provider that gives them away for minutes. A signal: honest people use them too. Never throws. */
export type Disposable = (email: string) => Promise<boolean>;

/**
 * Knows the public list of such domains, and the operator's `file` over it: a domain a line, `!domain` for one that is
 * none, `#` begins a comment. The list is read when it is first asked for. Throws ConfigError for a file it cannot read.
 */
export function openDisposable(file: string | undefined): Disposable {
  const own = file === undefined ? [] : readOwn(file);
  let list: Promise<Set<string>> | undefined;
  return async (email) => {
    list ??= load(own);
    const domains = await list;
    return suffixes(domainOf(email)).some((suffix) => domains.has(suffix));
  };
}

async function load(own: readonly string[]): Promise<Set<string>> {
  const { disposableEmailBlocklistSet } = await import('disposable-email-domains-js');
  const domains = disposableEmailBlocklistSet();
  for (const line of own) {
    if (line.startsWith('!')) domains.delete(line.slice(1).trim());
    else domains.add(line);
  }
  return domains;
}

function readOwn(file: string): string[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.map((line) => line.replace(/#.*$/, '').trim().toLowerCase()).filter((line) => line !== '');
  } catch (error) {
    throw new ConfigError(`DISPOSABLE_DOMAINS_FILE: cannot read ${file}: ${(error as Error).message}`);
  }
}

const domainOf = (email: string) => domainToASCII(email.slice(email.lastIndexOf('@') + 1).trim()).replace(/\.$/, '');

/** The domain and those above it, but for the last label: mailboxes are given away under subdomains too. */
function suffixes(domain: string): string[] {
  const labels = domain.split('.');
  return labels.slice(0, -1).map((_, place) => labels.slice(place).join('.'));
}
