import { createHash } from 'node:crypto';

type Signed = {
  account_id: string;
  session_id: string;
  action: string;
  amount: string | null;
  currency: string | null;
  payee_id: string | null;
  payee_name: string | null;
  nonce: Buffer;
};

/**
 * What a passkey signs in place of a random challenge: SHA-256 over the grant as JSON with its members in order and no
 * spaces (RFC 8785), so that the signature proves amount and payee (PSD2 RTS 5(1)(b)). The nonce keeps it unguessable
 * and good for one grant.
 */
export function dataToSign(grant: Signed): Buffer {
  const { payee_id: id, payee_name: name } = grant;
  const members = {
    account: grant.account_id,
    action: grant.action,
    amount: grant.amount,
    currency: grant.currency,
    nonce: grant.nonce.toString('base64url'),
    payee: id === null ? null : { id, name },
    session: grant.session_id,
  };
  return createHash('sha256').update(JSON.stringify(members)).digest();
}
