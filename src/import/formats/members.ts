import { LineFault } from '../fault.ts';

/** What another system wrote: members of any type, read one by one. */
export type Members = Readonly<Record<string, unknown>>;

export function asMembers(value: unknown, field = ''): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  throw new LineFault(field, 'must be an object');
}

export function objectIn(members: Members, name: string): Members | undefined {
  const value = members[name];
  return value === undefined || value === null ? undefined : asMembers(value, `/${name}`);
}

export function listIn(members: Members, name: string): Members[] {
  const value = members[name];
  return Array.isArray(value) ? value.map((item) => asMembers(item, `/${name}`)) : [];
}

/** A text that says something: undefined for null, the empty and whatever is no text. */
export function textIn(members: Members, name: string): string | undefined {
  const value = members[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberIn(members: Members, name: string): number {
  const value = Number(members[name]);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

export const isTrue = (members: Members, name: string): boolean => members[name] === true;

/** Somebody shut the account: taking it over would open it again. */
export function refuseShut(isShut: boolean, field: string): void {
  if (isShut) throw new LineFault(field, 'the account is shut there; open it or leave it behind');
}

/** Milliseconds since 1970 or RFC 3339, as RFC 3339. */
export function instantIn(members: Members, name: string): string | undefined {
  const value = members[name];
  if (value === undefined || value === null || value === '') return undefined;
  const at = new Date(typeof value === 'string' && !/^\d+$/.test(value) ? value : Number(value));
  if (Number.isNaN(at.getTime())) throw new LineFault(`/${name}`, 'is no time');
  return at.toISOString();
}

/** The language of mails nearest to what the other system kept. */
export function localeOf(tag: string | undefined): 'en' | 'zh-CN' | undefined {
  if (tag === undefined) return undefined;
  return /^zh([-_](cn|sg|hans.*))?$/i.test(tag) ? 'zh-CN' : 'en';
}

/** A sign-in name that only repeats the address says nothing. */
export function usernameBeside(email: string | undefined, username: string | undefined): string | undefined {
  return username?.toLowerCase() === email?.toLowerCase() ? undefined : username;
}

export function base64In(members: Members, name: string): Buffer {
  return Buffer.from(textIn(members, name) ?? '', 'base64');
}
