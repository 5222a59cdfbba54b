/** One account, or as many as a bulk freeze takes at once: the statements are the same. */
export type Accounts = string | readonly string[];

export function listOf(accounts: Accounts): readonly string[] {
  return typeof accounts === 'string' ? [accounts] : accounts;
}
