/** Every way to give a second factor. */
export type FactorKind = 'totp' | 'passkey' | 'sms' | 'recovery-code';

const bound = (account: string) => ({
  totp: `select from totp_factors f where f.account_id = ${account} and f.confirmed_at is not null`,
  passkey: `select from passkeys f where f.account_id = ${account}`,
  sms: `select from sms_factors f where f.account_id = ${account} and f.confirmed_at is not null`,
});

/**
 * The kinds that can answer for the account that `account` names, as text[]; null where no second factor is bound. One that
 * was disabled after too many failures cannot answer, and is owed all the same: guessing must not turn it off. A texted
 * code stands beside another factor and binds nothing by itself (NIST 800-63B-4 3.2.9).
 */
export function enrolled(account: string): string {
  const { totp, passkey, sms } = bound(account);
  return `case when exists (${totp}) or exists (${passkey}) then array_remove(array[
    case when exists (${totp} and f.disabled_at is null) then 'totp' end,
    case when exists (${passkey}) then 'passkey' end,
    case when exists (${sms}) then 'sms' end,
    'recovery-code'], null) end`;
}
