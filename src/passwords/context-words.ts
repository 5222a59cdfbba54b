/** Who the password is for. */
export type Owner = {
  email: string;
  username?: string | null | undefined;
  phone?: string | null | undefined;
};
/** Whose service it is: its name, its address, and words of the operator's own. */
type House = { serviceName: string; publicUrl: string; contextWords: readonly string[] };

const SHORTEST = 3;
const OURS = ['holdfast'];
/** Parts of addresses that say nothing about anybody. */
const VOID = new Set(['com', 'net', 'org', 'www', 'localhost', 'example', 'mail', 'the', 'and']);

/**
 * The words of this account and service that no password may be made of (ASVS 6.1.2, 6.2.11): the e-mail address, its
 * parts and domain; the username and its parts; the phone's digits; the service's name, its words and address; the
 * operator's list of brands, products and projects. In the form in which passwords are compared.
 */
export function contextWords({ email, username, phone }: Owner, house: House): Set<string> {
  const [local = '', domain = ''] = email.split('@');
  const digits = (phone ?? '').replace(/\D/g, '');
  const host = new URL(house.publicUrl).hostname;
  const wholes = [email, local, domain, username ?? '', phone ?? '', house.serviceName, host, ...OURS];
  const tails = digits.length < 8 ? [] : [digits, ...[0, 1, 2, 3].map((cut) => digits.slice(cut)), digits.slice(-8)];
  const all = [...wholes, ...house.contextWords].map(fold).flatMap((word) => [word, bare(word), ...partsOf(word)]);
  return new Set([...all, ...tails].filter((word) => word.length >= SHORTEST && !VOID.has(word)));
}

/** The form in which passwords are compared with lists: compatibility forms made one, and no capitals. */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** `Purple Elephant Bank` as it is typed in one word. */
const bare = (word: string) => word.replace(/[^\p{L}\p{N}]/gu, '');

const partsOf = (word: string) => word.split(/[^\p{L}]+/u);
