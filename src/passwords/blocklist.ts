import { dictionary } from '@zxcvbn-ts/language-common';

let common: Set<string> | undefined;

/** Whether the whole password, in lower case, is one of some fifty thousand that everybody tries first (ASVS 6.2.4). */
export function isCommonPassword(password: string): boolean {
  common ??= new Set((dictionary['passwords-common'] ?? []).map((entry) => String(entry).toLowerCase()));
  return common.has(password);
}
