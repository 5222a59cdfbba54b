/** What is asked of the session that calls, beside being live. */
export type Demand =
  /** Nothing: for reading, and for what protects the owner or opens nothing. It must never wait for a step-up. */
  | 'live'
  /** No pause longer than `session.sensitiveIdle` since its holder authenticated (RTS 4(3)(d)). */
  | 'active'
  /** As `active`, and authenticated within `session.fresh`, with a second factor where one is bound (ASVS 7.5.1). */
  | 'fresh'
  /** As `fresh`, but for ending the very session that calls. */
  | 'fresh-unless-own';

/** Every operation that an owner's access token opens. What has no row asks for the most. */
// Exported for tests: demands
// biome-ignore format: a table reads as one
export const demands: { readonly [operation: string]: Demand } = {
  'POST /v1/auth/sign-out':               'live',
  'GET /v1/me':                           'live',
  'POST /v1/me/step-up':                  'live',
  'GET /v1/me/export':                    'fresh',
  'PUT /v1/me/password':                  'active', // takes the password itself
  'GET /v1/me/sessions':                  'live',
  'DELETE /v1/me/sessions/{id}':          'fresh-unless-own',
  'POST /v1/me/sessions/revoke-others':   'fresh',
  'POST /v1/me/sessions/revoke-all':      'fresh',
  'GET /v1/me/devices':                   'live',
  'DELETE /v1/me/devices/{id}':           'fresh',
  'GET /v1/me/contacts':                  'live',
  'POST /v1/me/email-change':             'fresh',
  'POST /v1/me/email-change/confirm':     'active', // takes what was sent to the new address
  'POST /v1/me/phone-change':             'fresh',
  'POST /v1/me/phone-change/confirm':     'active',
  'PUT /v1/me/username':                  'fresh',
  'GET /v1/me/notice-addresses':          'live',
  'POST /v1/me/notice-addresses':         'fresh',
  'POST /v1/me/notice-addresses/confirm': 'active',
  'DELETE /v1/me/notice-addresses/{id}':  'fresh',
  'GET /v1/me/totp':                      'live',
  'POST /v1/me/totp':                     'fresh',
  'POST /v1/me/totp/confirm':             'fresh',
  'DELETE /v1/me/totp':                   'fresh',
  'PUT /v1/me/totp/{id}':                 'fresh',
  'DELETE /v1/me/totp/{id}':              'fresh',
  'POST /v1/me/recovery-codes':           'fresh',
  'GET /v1/me/passkeys':                  'live',
  'POST /v1/me/passkeys/options':         'fresh',
  'POST /v1/me/passkeys':                 'fresh',
  'PUT /v1/me/passkeys/{id}':             'fresh',
  'DELETE /v1/me/passkeys/{id}':          'fresh',
  'POST /v1/me/passkey/options':          'live', // asks, so that a step-up can be answered
  'POST /v1/me/sms':                      'fresh',
  'POST /v1/me/sms/confirm':              'fresh',
  'DELETE /v1/me/sms':                    'fresh',
  'POST /v1/me/grants':                  'active', // a second factor comes with confirming it
  'GET /v1/me/grants/{id}':              'live',
  'DELETE /v1/me/grants/{id}':           'live',
  'POST /v1/me/grants/{id}/passkey-options': 'active',
  'POST /v1/me/grants/{id}/confirm':     'active', // takes the second factor itself
  'GET /v1/me/activity':                  'live',
  'POST /v1/me/activity/{id}/not-me':     'live', // protects the owner
  'POST /v1/me/freeze':                   'live',
  'POST /v1/me/unfreeze':                'live', // takes what is older than the compromise
  'POST /v1/me/unfreeze/confirm':        'live',
  'POST /v1/me/reports':                  'live',
  'GET /v1/me/cases':                     'live',
  'GET /v1/me/cases/{id}':                'live',
  'POST /v1/me/cases/{id}/messages':      'live',
  'POST /v1/me/cases/{id}/appeal':        'live',
  'POST /v1/me/cases/{id}/feedback':      'live',
  'POST /v1/me/reports/confirm':          'live',
  'GET /v1/me/receipts':                  'live',
  'GET /v1/me/transactions':              'live',
  'POST /v1/me/transactions/{id}/mark':   'live', // stops, approves nothing
};

export function demandOf(operation: string): Demand {
  return demands[operation] ?? 'fresh';
}
