import { randomUUID } from 'node:crypto';
import { someEmail } from './harness.ts';

/** What counts a call, and by what; the worker's caps on mails and texts come on top. */
export type Counted = `${string} per ${'address' | 'account' | 'key' | 'key and account' | 'agent'}`;
type Row = { counted: readonly Counted[]; body?: () => unknown; why?: string };

const token = 'x'.repeat(43);
const encoded = 'eHh4';
const code = '123456';
const passkey = { id: encoded, rawId: encoded, type: 'public-key', clientExtensionResults: {} };
const assertion = {
  ...passkey,
  response: { clientDataJSON: encoded, authenticatorData: encoded, signature: encoded },
};
const attestation = { ...passkey, response: { clientDataJSON: encoded, attestationObject: encoded } };

const by = (counted: Counted | readonly Counted[], body?: unknown | (() => unknown)): Row => ({
  counted: typeof counted === 'string' ? [counted] : counted,
  ...(body === undefined ? {} : { body: typeof body === 'function' ? (body as () => unknown) : () => body }),
});
/** What needs no limit of its own, and why. */
const free = (why: string): Row => ({ counted: [], why });

const reads = free('one page, by index, of what is one’s own');
const contains = free('takes away, gives nothing');
const freezes = free('never refused for being much; the same press again changes nothing');
const guess = 'sign-in per address';
const other = 'other per address';
const factors = 'factor-change per account';
const contacts = 'contact-change per account';
const containment = 'containment per address';
const key = by('api-key per key');
const agent = by('agent per agent');

/** Each operation of the contract with everything that counts it: all that anybody may call, and all that costs. */
// biome-ignore format: a table reads as one
export const rows: Record<string, Row> = {
  'POST /v1/auth/sign-up':                       by('sign-up per address', () => ({ email: someEmail(), password: 'x' })),
  'POST /v1/auth/email-confirmation':            by(other, { token }),
  'POST /v1/auth/sign-in':                       by(guess, () => ({ identifier: someEmail(), password: 'a wrong one' })),
  'POST /v1/auth/second-factor':                 by(other, { challenge: token, factor: 'totp', code }),
  'POST /v1/auth/second-factor/send':            by(other, { challenge: token, factor: 'email-code' }),
  'POST /v1/auth/enrolment/totp':                by(other, { enrolmentToken: token }),
  'POST /v1/auth/enrolment/totp/confirm':        by(other, { enrolmentToken: token, code }),
  'POST /v1/auth/enrolment/passkey':             by(other, { enrolmentToken: token }),
  'POST /v1/auth/enrolment/passkey/confirm':     by(other, { enrolmentToken: token, credential: attestation }),
  'POST /v1/auth/passkey/options':               by(other, {}),
  'POST /v1/auth/passkey':                       by(guess, { credential: assertion }),
  'POST /v1/auth/password-reset/passkey-options': by(other, { token }),
  'POST /v1/auth/case-access':                   by(guess, () => ({ identifier: someEmail(), password: 'a wrong one' })),
  'POST /v1/auth/case-access by link':           by(containment, { token }),
  'POST /v1/auth/refresh':                       by(other, { refreshToken: token }),
  'POST /v1/auth/sign-out':                      by(containment),
  'POST /v1/auth/password-reset':                by('reset per address', () => ({ identifier: someEmail() })),
  'POST /v1/auth/password-reset/confirm':        by('reset per address', { token, newPassword: 'a new one, and long enough' }),
  'POST /v1/auth/link':                          by(other, { token }),
  'POST /v1/auth/link/use':                      by(containment, { token, confirm: true }),
  'GET /v1/me':                                  reads,
  'GET /v1/me/export':                           by('export per account'),
  'PUT /v1/me/password':                         by([guess, factors], { currentPassword: 'a wrong one', newPassword: 'a new one, and long enough' }),
  'GET /v1/me/sessions':                         reads,
  'DELETE /v1/me/sessions/{id}':                 contains,
  'POST /v1/me/sessions/revoke-others':          contains,
  'POST /v1/me/sessions/revoke-all':             contains,
  'GET /v1/me/devices':                          reads,
  'DELETE /v1/me/devices/{id}':                  contains,
  'GET /v1/me/contacts':                         reads,
  'POST /v1/me/email-change':                    by(contacts, () => ({ newEmail: someEmail() })),
  'POST /v1/me/email-change/confirm':            by(other, { token }),
  'POST /v1/me/phone-change':                    by(contacts, { newPhone: '+49301234567' }),
  'POST /v1/me/phone-change/confirm':            by(other, { code }),
  'PUT /v1/me/username':                         by(contacts, () => ({ username: `u${randomUUID().slice(0, 8)}` })),
  'GET /v1/me/notice-addresses':                 reads,
  'POST /v1/me/notice-addresses':                by(contacts, () => ({ email: someEmail() })),
  'POST /v1/me/notice-addresses/confirm':        by(other, { token }),
  'DELETE /v1/me/notice-addresses/{id}':         by(contacts, {}),
  'GET /v1/me/totp':                             reads,
  'POST /v1/me/totp':                            by(factors, {}),
  'DELETE /v1/me/totp':                          by(factors, { code }),
  'POST /v1/me/totp/confirm':                    by(factors, { code }),
  'PUT /v1/me/totp/{id}':                        by(factors, { name: 'Spare' }),
  'DELETE /v1/me/totp/{id}':                     by(factors, { code }),
  'POST /v1/me/recovery-codes':                  by(factors, { code }),
  'GET /v1/me/passkeys':                         reads,
  'POST /v1/me/passkeys':                        by(factors, { credential: attestation }),
  'POST /v1/me/passkeys/options':                by(factors, {}),
  'PUT /v1/me/passkeys/{id}':                    by(factors, { name: 'Spare' }),
  'DELETE /v1/me/passkeys/{id}':                 by(factors, {}),
  'POST /v1/me/passkey/options':                 by(other),
  'POST /v1/me/step-up':                         by(guess, { password: 'a wrong one' }),
  'POST /v1/me/step-up by passkey':              by(guess, { credential: assertion }),
  'POST /v1/me/sms':                             by(factors, {}),
  'DELETE /v1/me/sms':                           by(factors, { code }),
  'POST /v1/me/sms/confirm':                     by(factors, { code }),
  'POST /v1/me/grants':                          by('grant per account', { action: 'security-change' }),
  'GET /v1/me/grants/{id}':                      reads,
  'DELETE /v1/me/grants/{id}':                   contains,
  'POST /v1/me/grants/{id}/passkey-options':     by('grant per account'),
  'POST /v1/me/grants/{id}/confirm':             by(other, { code }),
  'POST /v1/me/freeze':                          freezes,
  'POST /v1/me/reports':                         by(['report per address', 'speech per account'], { kind: 'scam', message: 'Help' }),
  'GET /v1/me/cases':                            reads,
  'GET /v1/me/cases/{id}':                       reads,
  'POST /v1/me/cases/{id}/messages':             by(['report per address', 'speech per account'], { message: 'Help' }),
  'POST /v1/server/accounts':                    key,
  'GET /v1/server/accounts/{id}':                key,
  'GET /v1/server/accounts/{id}/export':         by(['api-key per key', 'export per key and account']),
  'POST /v1/server/accounts/{id}/erase':         key,
  'POST /v1/server/sessions/introspect':         key,
  'POST /v1/server/sessions/seen':               key,
  'GET /v1/server/revocations':                  key,
  'GET /v1/server/accounts/{id}/gate':           key,
  'POST /v1/server/accounts/{id}/freeze':        freezes,
  'POST /v1/server/transactions':                key,
  'GET /v1/server/transactions/{transactionId}': key,
  'POST /v1/server/grants/redeem':               key,
  'POST /v1/agent/auth/sign-in':                 by(guess, () => ({ email: someEmail(), password: 'a wrong one', code })),
  'POST /v1/agent/auth/refresh':                 by(other, { refreshToken: token }),
  'POST /v1/agent/auth/sign-out':                contains,
  'GET /v1/agent/accounts':                      agent,
  'GET /v1/agent/accounts/{id}':                 agent,
  'POST /v1/agent/accounts/{id}/unlock':         agent,
  'POST /v1/agent/accounts/{id}/revoke-sessions': agent,
  'POST /v1/agent/accounts/{id}/freeze':         freezes,
  'POST /v1/agent/accounts/{id}/holds':          freezes,
  'POST /v1/agent/accounts/{id}/require-password-reset': agent,
  'GET /v1/agent/cases':                         agent,
  'GET /v1/agent/cases/{id}':                    agent,
  'POST /v1/agent/cases/{id}/verifications':     agent,
  'POST /v1/agent/cases/{id}/window':            agent,
  'POST /v1/agent/accounts/{id}/reset-second-factor': agent,
  'GET /v1/agent/approvals':                     agent,
  'POST /v1/agent/approvals/{id}/approve':       agent,
  'POST /v1/agent/approvals/{id}/reject':        agent,
  'GET /v1/agent/tickets':                       agent,
  'GET /v1/agent/events':                        agent,
  'GET /v1/agent/deliveries':                    agent,
  'POST /v1/agent/deliveries/{id}/replay':       agent,
};
