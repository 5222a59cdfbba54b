import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openapiDocument } from '../src/app.ts';
import { newId } from '../src/crypto/ids.ts';
import { counterKey, deviceCounterKey } from '../src/lockout/attempts.ts';
import { type Kit, prepare, tries } from './support/gate-tries.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';

/** What each operation asks of the gate; `open` is what no hold stops, with its reason beside it. */
// biome-ignore format: a table reads as one
const gates: Record<string, string[]> = {
  'POST /v1/auth/sign-up':                       ['open'], // a wish for an account that is none yet
  'POST /v1/auth/email-confirmation':            ['open'], // opens nothing that sign-in does not ask about
  'POST /v1/auth/sign-in':                       ['sign-in'],
  'POST /v1/auth/second-factor':                 ['sign-in'],
  'POST /v1/auth/second-factor/send':            ['sign-in'],
  'POST /v1/auth/enrolment/totp':                ['enrol'],
  'POST /v1/auth/enrolment/totp/confirm':        ['enrol'],
  'POST /v1/auth/enrolment/passkey':             ['enrol'],
  'POST /v1/auth/enrolment/passkey/confirm':     ['enrol'],
  'POST /v1/auth/passkey/options':               ['open'], // asks, and opens nothing
  'POST /v1/auth/passkey':                       ['sign-in'],
  'POST /v1/auth/password-reset/passkey-options': ['open'], // asks, and opens nothing
  'POST /v1/auth/recovery':                      ['recover'],
  'POST /v1/auth/recovery/password':             ['recover'],
  'POST /v1/auth/recovery/totp':                 ['recover'],
  'POST /v1/auth/recovery/totp/confirm':         ['recover'],
  'POST /v1/auth/case-access':                   ['case-access'],
  'POST /v1/auth/refresh':                       ['refresh'],
  'POST /v1/auth/sign-out':                      ['use-session', 'open'], // a cookie's session may always be ended
  'POST /v1/auth/password-reset':                ['reset-password'],
  'POST /v1/auth/password-reset/confirm':        ['reset-password'],
  'POST /v1/auth/link':                          ['open'], // looking changes nothing
  'POST /v1/auth/link/use':                      ['sign-in', 'recover', 'open'], // unlocking, undoing; freezing is never refused
  'GET /v1/me':                                  ['use-session', 'case-access'],
  'GET /v1/me/sessions':                         ['use-session'],
  'DELETE /v1/me/sessions/{id}':                 ['use-session'],
  'POST /v1/me/sessions/revoke-others':          ['use-session'],
  'POST /v1/me/sessions/revoke-all':             ['use-session'],
  'GET /v1/me/devices':                          ['use-session'],
  'DELETE /v1/me/devices/{id}':                  ['use-session'],
  'PUT /v1/me/password':                         ['security-change'],
  'GET /v1/me/contacts':                         ['use-session'],
  'POST /v1/me/email-change':                    ['security-change'],
  'POST /v1/me/email-change/confirm':            ['security-change'],
  'POST /v1/me/phone-change':                    ['security-change'],
  'POST /v1/me/phone-change/confirm':            ['security-change'],
  'PUT /v1/me/username':                         ['security-change'],
  'GET /v1/me/notice-addresses':                 ['use-session'],
  'POST /v1/me/notice-addresses':                ['security-change'],
  'POST /v1/me/notice-addresses/confirm':        ['security-change'],
  'DELETE /v1/me/notice-addresses/{id}':         ['security-change'],
  'GET /v1/me/totp':                             ['use-session'],
  'POST /v1/me/totp':                            ['security-change'],
  'PUT /v1/me/totp/{id}':                        ['security-change'],
  'DELETE /v1/me/totp/{id}':                     ['security-change'],
  'DELETE /v1/me/totp':                          ['security-change'],
  'POST /v1/me/totp/confirm':                    ['security-change'],
  'POST /v1/me/recovery-codes':                  ['security-change'],
  'POST /v1/me/sms':                             ['security-change'],
  'POST /v1/me/sms/confirm':                     ['security-change'],
  'DELETE /v1/me/sms':                           ['security-change'],
  'POST /v1/me/step-up':                         ['sign-in'],
  'GET /v1/me/passkeys':                         ['use-session'],
  'POST /v1/me/passkeys/options':                ['security-change'],
  'POST /v1/me/passkeys':                        ['security-change'],
  'PUT /v1/me/passkeys/{id}':                    ['security-change'],
  'DELETE /v1/me/passkeys/{id}':                 ['security-change'],
  'POST /v1/me/passkey/options':                 ['use-session'], // asks
  'GET /v1/me/export':                          ['use-session'],
  'POST /v1/me/grants':                         ['payment', 'withdrawal', 'security-change'],
  'GET /v1/me/grants/{id}':                      ['use-session'],
  'DELETE /v1/me/grants/{id}':                   ['use-session'],
  'POST /v1/me/grants/{id}/passkey-options':     ['payment', 'withdrawal', 'security-change'],
  'POST /v1/me/grants/{id}/confirm':             ['payment', 'withdrawal', 'security-change'],
  'POST /v1/server/grants/redeem':               ['security-change'],
  'GET /v1/me/activity':                        ['use-session'],
  'POST /v1/me/activity/{id}/not-me':            ['use-session'],
  'POST /v1/me/freeze':                          ['use-session'],
  'POST /v1/me/unfreeze':                        ['use-session', 'recover'],
  'POST /v1/me/unfreeze/confirm':                ['use-session', 'recover'],
  'POST /v1/me/reports':                         ['use-session', 'case-access'],
  'GET /v1/me/cases':                            ['use-session', 'case-access'],
  'GET /v1/me/cases/{id}':                       ['use-session', 'case-access'],
  'POST /v1/me/cases/{id}/messages':             ['use-session', 'case-access'],
  'POST /v1/auth/report':                        ['open'], // heard whatever stands; gives nothing
  'POST /v1/auth/report/progress':               ['open'], // reads back a receipt
  'POST /v1/me/reports/confirm':                 ['use-session'],
  'POST /v1/me/cases/{id}/appeal':               ['use-session', 'case-access'],
  'POST /v1/me/cases/{id}/feedback':             ['use-session', 'case-access'],
  'GET /v1/me/receipts':                         ['use-session', 'case-access'],
  'GET /v1/me/transactions':                     ['use-session', 'case-access'],
  'POST /v1/me/transactions/{id}/mark':          ['use-session', 'case-access'],
  'POST /v1/server/transactions/{transactionId}/outcome': ['open'], // tells what happened
  'POST /v1/agent/transactions/{id}/decide':     ['payment', 'withdrawal'],
  'GET /v1/agent/cases/{id}/liability':          ['open'],
  'GET /v1/agent/cases/{id}/claims':             ['open'],
  'GET /v1/agent/cases/{id}/window':             ['open'],
  'POST /v1/agent/cases/{caseId}/window/undo':       ['open'], // takes back, gives nothing
  'POST /v1/server/accounts':                    ['open'], // a new account has no holds
  'GET /v1/server/accounts/{id}':                ['open'], // the host reads
  'POST /v1/server/sessions/introspect':         ['use-session'],
  'POST /v1/server/sessions/seen':               ['use-session'],
  'GET /v1/server/revocations':                 ['open'], // tells of what was taken, gives nothing
  'GET /v1/server/accounts/{id}/gate':           ['sign-in', 'payment', 'withdrawal', 'security-change'],
  'GET /v1/server/accounts/{id}/export':         ['open'], // the host reads
  'POST /v1/server/accounts/{id}/erase':         ['open'], // refuses by itself what a legal hold or an open case needs
  'POST /v1/server/events':                      ['open'], // tells what was seen, gives nothing
  'POST /v1/server/accounts/{id}/freeze':        ['open'], // the way in
  'POST /v1/server/transactions':                ['payment', 'withdrawal', 'open'], // money coming in is open
  'GET /v1/server/transactions/{transactionId}': ['open'], // the host reads
  'POST /v1/agent/auth/sign-in':                 ['open'], // from here on staff, who act on accounts and are none
  'POST /v1/agent/auth/refresh':                 ['open'],
  'POST /v1/agent/auth/sign-out':                ['open'],
  'POST /v1/agent/auth/enrolment':               ['open'],
  'POST /v1/agent/auth/enrolment/confirm':       ['open'],
  'GET /v1/agent/accounts':                      ['open'],
  'GET /v1/agent/accounts/{id}':                 ['open'],
  'GET /v1/agent/accounts/{id}/activity':        ['open'],
  'POST /v1/agent/accounts/{id}/unlock':         ['open'], // opens a lockout, never a hold
  'POST /v1/agent/accounts/{id}/revoke-sessions': ['open'],
  'POST /v1/agent/accounts/{id}/require-password-reset': ['open'], // takes from the account, gives nothing
  'POST /v1/agent/accounts/{id}/reset-second-factor': ['recover'],
  'POST /v1/agent/accounts/{id}/freeze':         ['open'],
  'POST /v1/agent/accounts/{id}/holds':          ['open'],
  'POST /v1/agent/holds/{id}/release':           ['open'], // lifts what stops others
  'POST /v1/agent/holds/{id}/confirm':           ['open'], // lets nothing out
  'GET /v1/agent/cases':                         ['open'],
  'POST /v1/agent/cases/{id}/claim':            ['open'], // work on a case
  'POST /v1/agent/cases/{id}/assign':           ['open'], // work on a case
  'POST /v1/agent/cases/{id}/notes':            ['open'], // words
  'POST /v1/agent/cases/{id}/messages':         ['open'], // words
  'POST /v1/agent/cases/{id}/contacts':         ['open'], // words
  'POST /v1/agent/cases/{id}/snooze':           ['open'], // work on a case
  'POST /v1/agent/cases/{id}/merge':            ['open'], // moves what a case holds
  'POST /v1/agent/cases/{id}/refund':           ['open'], // writes down a decision
  'POST /v1/agent/cases/{id}/resolve':          ['open'], // closes a case; refuses while its holds stand
  'POST /v1/agent/cases/{id}/steps/{step}':     ['open'], // freezes or takes, gives nothing
  'POST /v1/agent/cases/{id}/evidence':         ['open'], // evidence
  'GET /v1/agent/cases/{id}/evidence':          ['open'], // staff read
  'GET /v1/agent/cases/{id}/evidence/{evidenceId}': ['open'], // staff read
  'GET /v1/agent/cases/{id}/bundle':            ['open'], // staff read
  'GET /v1/agent/cases/{id}/timeline':          ['open'], // staff read
  'GET /v1/agent/accounts/{id}/links':          ['open'], // staff read
  'GET /v1/agent/cases/{id}':                    ['open'],
  'POST /v1/agent/cases/{id}/verifications':     ['open'], // writes down what was seen
  'POST /v1/agent/cases/{id}/window':            ['open'], // takes from what was born inside, gives nothing
  'POST /v1/agent/cases/{id}/recovery-link':     ['recover'],
  'POST /v1/agent/cases/{id}/trust-payee':      ['open'], // moves no money
  'GET /v1/agent/cases/{id}/watch':              ['open'],
  'POST /v1/agent/cases/{id}/watch':             ['open'], // longer, never shorter
  'POST /v1/agent/cases/{id}/watch/sign-off':    ['open'], // lifts no hold
  'POST /v1/agent/bulk-freezes':                 ['open'], // freezes
  'GET /v1/agent/bulk-freezes':                  ['open'],
  'GET /v1/agent/bulk-freezes/{jobId}':          ['open'],
  'POST /v1/agent/bulk-freezes/{jobId}/undo':    ['open'], // asks; a second person decides
  'GET /v1/agent/approvals':                     ['open'],
  'POST /v1/agent/approvals/{id}/approve':       ['open'], // says yes; what it is about asks when it is done
  'POST /v1/agent/approvals/{id}/reject':        ['open'], // takes back
  'GET /v1/agent/agents':                       ['open'],
  'GET /v1/agent/agents/changes':               ['open'],
  'POST /v1/agent/agents':                      ['open'], // staff, who are no accounts
  'POST /v1/agent/agents/{id}/role':            ['open'], // staff, who are no accounts
  'POST /v1/agent/agents/{id}/reset':           ['open'], // staff, who are no accounts
  'POST /v1/agent/agents/{id}/enable':          ['open'], // staff, who are no accounts
  'POST /v1/agent/agents/{id}/disable':         ['open'], // staff, who are no accounts
  'POST /v1/agent/agents/{id}/unlock':          ['open'], // staff, who are no accounts
  'POST /v1/agent/agents/changes/{id}/approve': ['open'], // staff, who are no accounts
  'POST /v1/agent/agents/changes/{id}/reject':  ['open'], // staff, who are no accounts
  'GET /v1/agent/tickets':                       ['open'],
  'GET /v1/agent/events':                        ['open'],
  'GET /v1/agent/rules':                         ['open'],
  'GET /v1/agent/api-keys':                      ['open'],
  'POST /v1/agent/api-keys/{id}/revoke':         ['open'], // takes back
  'GET /v1/agent/deliveries':                    ['open'],
  'POST /v1/agent/deliveries/{id}/replay':       ['open'],
};

/** What the design says each scope stops: written a second time, so that the code's own table is no judge of itself. */
const stopped: Record<string, string[]> = {
  all: ['sign-in', 'enrol', 'refresh', 'use-session', 'reset-password', 'security-change', 'payment', 'withdrawal'],
  'sign-in': ['sign-in', 'enrol', 'refresh', 'reset-password'],
  payments: ['payment', 'withdrawal'],
  withdrawals: ['withdrawal'],
  'security-changes': ['enrol', 'security-change', 'reset-password'],
};
const cells = [
  ...['agent', 'owner', 'policy', 'legal', 'rule'].map((source) => ['all', source] as const),
  ...['sign-in', 'payments', 'withdrawals', 'security-changes'].map((scope) => [scope, 'legal'] as const),
  ['payments', 'owner'] as const,
  ['withdrawals', 'policy'] as const,
];
const placed = [...Object.keys(stopped).map((scope) => [scope, 'review'] as const), ['all', 'legal-order'] as const];

let h: Harness;
let agent: TestAgent;
beforeAll(async () => {
  h = await openHarness({ policy: { 'sms.factor': 'on', 'limits.mailPerRecipient': 100 } });
  agent = await newAgent(h);
});
afterAll(() => h.close());

async function walk(kit: Kit): Promise<Record<string, string>> {
  const outcome: Record<string, string> = {};
  for (const { operation, what, go } of tries) {
    outcome[`${operation}, ${what}`] = (await go(h, kit)) ? 'allowed' : 'refused';
  }
  return outcome;
}

function expectedUnder(scope: string | undefined, source?: string): Record<string, string> {
  // A frozen owner can recover, unless the law says otherwise.
  const legally = scope === 'all' && source === 'legal' ? ['recover'] : [];
  const actions = scope === undefined ? [] : [...(stopped[scope] as string[]), ...legally];
  return Object.fromEntries(
    tries.map(({ operation, what, action }) => [
      `${operation}, ${what}`,
      actions.includes(action) ? 'refused' : 'allowed',
    ]),
  );
}

describe('the gate', () => {
  it('V8.3.1 has a row for every operation of the contract', () => {
    const { paths } = openapiDocument() as { paths: Record<string, object> };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(Object.keys(gates).sort()).toEqual(operations.sort());
  });

  it('is walked by every row that asks something of it', () => {
    for (const [operation, actions] of Object.entries(gates)) {
      const walked = tries.filter((each) => each.operation === operation).map((each) => each.action);
      const asked = actions.every((action) => action === 'open') ? [] : actions;
      expect([...new Set(walked)].sort(), operation).toEqual([...asked].sort());
    }
  });

  it('lets everything pass on an account without holds', async () => {
    expect(await walk(await prepare(h, agent))).toEqual(expectedUnder(undefined));
  });

  // Only the row is written: no session is ended and no link voided, so that the gate alone must hold.
  it.each(cells)('V8.3.2 walks a bare hold on %s from %s along every path', async (scope, source) => {
    const kit = await prepare(h, agent);
    const now = h.clock.now();
    for (const accountId of kit.accounts) {
      const values = [newId(now), accountId, scope, source, now];
      const columns = 'id, account_id, scope, source, since, reason_code';
      await h.pool.query(`insert into holds (${columns}) values ($1, $2, $3, $4, $5, 'review')`, values);
    }
    expect(await walk(kit)).toEqual(expectedUnder(scope, source));
  });

  it.each(placed)('walks a hold on %s that an agent placed for %s along every path', async (scope, reasonCode) => {
    const kit = await prepare(h, agent);
    for (const accountId of kit.accounts) {
      const body = { scope, reasonCode, note: 'Checking' };
      const path = `/v1/agent/accounts/${accountId}/holds`;
      expect((await h.post(path, body, { token: agent.accessToken })).status).toBe(201);
    }
    expect(await walk(kit)).toEqual(expectedUnder(scope, reasonCode === 'legal-order' ? 'legal' : 'agent'));
  });

  it('lets everything pass again once a hold has run out', async () => {
    const kit = await prepare(h, agent);
    const now = h.clock.now();
    for (const accountId of kit.accounts) {
      const values = [newId(now), accountId, new Date(now.getTime() - 60_000), now];
      await h.pool.query(
        `insert into holds (id, account_id, scope, source, reason_code, since, until)
         values ($1, $2, 'all', 'agent', 'review', $3, $4)`,
        values,
      );
    }
    expect(await walk(kit)).toEqual(expectedUnder(undefined));
  });

  it('lets nothing pass on an account that is closed', async () => {
    const kit = await prepare(h, agent);
    await h.pool.query('update accounts set closed_at = $2 where id = any($1)', [kit.accounts, h.clock.now()]);
    const allowed = Object.entries(await walk(kit)).filter(([, outcome]) => outcome === 'allowed');
    // A browser may always forget its cookie.
    expect(allowed.map(([what]) => what)).toEqual(['POST /v1/auth/sign-out, by cookie']);
  });

  it('lets everything pass on an account that is watched, but for money without a grant', async () => {
    const kit = await prepare(h, agent);
    const [began, until] = [h.clock.now(), new Date(h.clock.now().getTime() + 28 * 86_400_000)];
    for (const accountId of kit.accounts) {
      await h.pool.query(
        `insert into watches (id, account_id, case_id, began_at, until)
         select $1, $2, id, $3, $4 from cases limit 1`,
        [newId(began), accountId, began, until],
      );
    }
    const expected = expectedUnder(undefined);
    for (const what of ['payment', 'withdrawal']) expected[`POST /v1/server/transactions, ${what}`] = 'refused';
    expect(await walk(kit)).toEqual(expected);
  });

  it('stops at a lockout what a password opens, and nothing else', async () => {
    const kit = await prepare(h, agent);
    const { ctx } = h.instance;
    const { rows } = await h.pool.query('select value from identifiers where account_id = any($1)', [kit.accounts]);
    const devices = await h.pool.query('select id from devices where account_id = any($1)', [kit.accounts]);
    const keys = [
      ...rows.map(({ value }) => counterKey(ctx, 'identifier', value)),
      ...devices.rows.map(({ id }) => deviceCounterKey(id)),
    ];
    for (const key of keys) {
      await h.pool.query(
        `insert into attempt_counters (key, locks, blocked_until, touched_at) values ($1, 1, $2, $3)
         on conflict (key) do update set blocked_until = excluded.blocked_until`,
        [key, new Date(h.clock.now().getTime() + 900_000), h.clock.now()],
      );
    }
    const refused = Object.entries(await walk(kit)).filter(([, outcome]) => outcome === 'refused');
    expect(refused.map(([what]) => what).sort()).toEqual([
      'POST /v1/auth/case-access, by password',
      'POST /v1/auth/sign-in, in one shot with a code',
      'POST /v1/auth/sign-in, on a known device',
      'POST /v1/me/step-up, by password',
      'PUT /v1/me/password, by password',
    ]);
  });
});
