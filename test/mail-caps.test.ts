import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mailCap, textCaps } from '../src/notices/caps.ts';
import type { Template } from '../src/notices/mail-values.ts';
import type { TextName } from '../src/notices/texter.ts';
import { policyKeys } from '../src/policy.ts';
import { reactions } from '../src/reactions.ts';
import { type Harness, openHarness } from './support/harness.ts';
import { newSignedIn } from './support/seed.ts';

const HOUR = 3_600_000;
const MOST = 3;

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'limits.noticesPerRecipient': MOST, 'limits.noticesPerAccount': MOST + 2 } });
});
afterAll(() => h.close());

const messages = Object.values(reactions)
  .flat()
  .filter(({ kind }) => kind !== 'ticket');
/** Never late nor left out: nobody can bring them about in a loop. */
const atOnce = [
  ...['account-frozen', 'hold-released', 'hold-release-scheduled', 'hold-release-cancelled', 'break-glass-used'],
  ...['staff-change-requested', 'staff-changed', 'staff-change-ended', 'own-access-changed', 'agent-enrolment'],
  ...['second-factor-reset-scheduled', 'second-factor-reset-cancelled', 'second-factor-reset-done', 'recovery-link'],
  ...['reset-scheduled', 'reset-done'],
];
const capOf = ({ kind, name }: (typeof messages)[number]) =>
  kind === 'text' ? textCaps[name as TextName] : mailCap(name as Template);

async function renameTimes(token: string, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    const username = `u${Math.random().toString(36).slice(2, 10)}`;
    expect((await h.call('PUT', '/v1/me/username', { body: { username }, token })).status).toBe(204);
  }
}

const waiting = async (accountId: string) =>
  (await h.pool.query('select * from deliveries where account_id = $1 and delivered_at is null', [accountId])).rows;

describe('V2.4.1 OW-FP3 what bounds each message', () => {
  it.each(messages)('$kind $name: for its recipient and for its account', (message) => {
    const cap = capOf(message);
    const isTold = message.kind === 'notice' || message.name === 'phone-changed';
    const isAtOnce = atOnce.includes(message.name);
    expect(cap.past).toBe(isAtOnce ? 'never' : isTold ? 'later' : 'dropped');
    expect(cap.recipient === 'one per event').toBe(cap.account === 'one per event');
  });

  it('by limits that an operator can set', () => {
    const names = Object.keys(policyKeys).filter((key) => /^limits\..*(Mail|mail|notices|texts|Codes)/.test(key));
    expect(names).toEqual([
      'limits.mailPerAccount',
      'limits.mailPerRecipient',
      'limits.signUpMailPerRecipient',
      'limits.noticesPerRecipient',
      'limits.noticesPerAccount',
      'limits.signInCodesPerAccount',
      'limits.textsPerRecipient',
    ]);
  });
});

describe('more notices than a mailbox is sent in an hour', () => {
  it('are sent later, and none is lost; a freeze is told at once', async () => {
    const { accountId, email, accessToken } = await newSignedIn(h);
    const before = (await h.mails(email)).length;
    await renameTimes(accessToken, MOST + 2);
    expect((await h.mails(email)).length - before).toBe(MOST);
    const late = await waiting(accountId);
    expect(late).toHaveLength(2);
    for (const { next_attempt_at, failed_at, last_error } of late) {
      expect([next_attempt_at, failed_at]).toEqual([new Date(h.clock.now().getTime() + HOUR), null]);
      expect(last_error).toContain('sent later');
    }
    expect((await h.post('/v1/me/freeze', {}, { token: accessToken })).status).toBe(201);
    expect((await h.mails(email))[0]?.subject).toContain('frozen');
  });

  it('are counted over all mailboxes of an account', async () => {
    const { accountId, accessToken } = await newSignedIn(h);
    await h.pool.query(
      `insert into notice_addresses (id, account_id, email, email_key, added_at, confirmed_at)
       select gen_random_uuid(), $1, e, e, $2, $2 from unnest(array['a-${accountId}@example.com', 'b-${accountId}@example.com']) e`,
      [accountId, h.clock.now()],
    );
    await renameTimes(accessToken, 2);
    await h.mails();
    expect(await waiting(accountId)).toHaveLength(6 - (MOST + 2));
  });
});
