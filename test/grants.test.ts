import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, newAgent, openHarness, PASSWORD, totpCode } from './support/harness.ts';
import {
  confirm,
  decide,
  eventsOf,
  move,
  newGrant,
  newPayer,
  nextCode,
  type Payer,
  payment,
  request,
  shoes,
  verdictOf,
  wrongCode,
} from './support/payer.ts';
import { freezeByAgent, hostKey, mailedToken, newSignedIn, signIn } from './support/seed.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ env: { ALLOWED_ORIGINS: 'https://shop.example' } });
});
afterAll(() => h.close());

const show = (payer: { accessToken: string }, id: string) => h.get(`/v1/me/grants/${id}`, payer.accessToken);
const outcome = ({ status, body }: { status: number; body: { code?: string } }) =>
  `${status} ${body?.code ?? ''}`.trim();
const place = (accountId: string, scope: string, agent: { accessToken: string }) =>
  h.post(
    `/v1/agent/accounts/${accountId}/holds`,
    { scope, reasonCode: 'suspected-fraud', note: 'Odd' },
    { token: agent.accessToken },
  );

describe('asking for a grant', () => {
  it('PS-5.1 OW-TX1 answers what the payer must be shown, and what may confirm it', async () => {
    const payer = await newPayer(h);
    const { status, body } = await request(h, payer, {
      ...payment,
      amount: '012.5',
      returnTo: 'https://shop.example/paid?id=7',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      grantId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'requested',
      display: { action: 'payment', amount: '12.50', currency: 'EUR', payee: shoes.payee },
      factors: ['totp'],
      expiresAt: new Date(h.clock.now().getTime() + 300_000).toISOString(),
      returnTo: 'https://shop.example/paid?id=7',
    });
    expect((await show(payer, body.grantId)).body).toEqual(body);
    const [event] = await eventsOf(h, payer.accountId, 'grant.requested');
    expect(event.detail).toEqual({ grantId: body.grantId, action: 'payment', amount: '12.50', currency: 'EUR' });
    expect([event.session_id, event.actor_kind]).toEqual([payer.sessionId, 'owner']);
  });

  it.each([
    [{ amount: undefined }, ['/amount']],
    [{ currency: undefined }, ['/currency']],
    [{ action: 'withdrawal', amount: undefined, currency: undefined }, ['/amount', '/currency']],
    [{ amount: '12.505' }, ['/amount']],
    [{ amount: '0.00' }, ['/amount']],
    [{ amount: 12.5 }, ['/amount']],
    [{ amount: '12,50' }, ['/amount']],
    [{ currency: 'XYZ' }, ['/currency']],
    [{ action: 'security-change' }, ['/amount', '/currency', '/payee']],
    [{ action: 'deposit' }, ['/action']],
    [{ payee: { name: 'Nobody' } }, ['/payee/id']],
    [{ payee: { id: 'a', name: 'Shop\nAmount: 1.00 EUR' } }, ['/payee/name']],
    [{ payee: { id: 'a\u202eb', name: ' ' } }, ['/payee/id', '/payee/name']],
    [{ returnTo: 'https://shop.example.evil.example/' }, ['/returnTo']],
    [{ returnTo: 'http://shop.example/' }, ['/returnTo']],
    [{ returnTo: 'https://ana@shop.example/' }, ['/returnTo']],
    [{ returnTo: 'https://shop.example/#x' }, ['/returnTo']],
    [{ returnTo: 'javascript:alert(1)' }, ['/returnTo']],
    [{ grant: 'x' }, ['/grant']],
  ])('V2.2.1 V3.7.2 refuses %j with a pointer, and keeps nothing', async (change, pointers) => {
    const payer = await memoised();
    const before = (await h.pool.query('select count(*) from grants')).rows;
    const { status, body } = await request(h, payer, { ...payment, ...change });
    expect([status, body.code]).toEqual([422, 'invalid-request']);
    expect(body.errors.map((error: { pointer: string }) => error.pointer)).toEqual(pointers);
    expect((await h.pool.query('select count(*) from grants')).rows).toEqual(before);
  });

  let one: Promise<Payer> | undefined;
  /** For what changes nothing. */
  function memoised(): Promise<Payer> {
    one ??= newPayer(h);
    return one;
  }

  it('V6.3.3 needs a second factor, bound and able to answer', async () => {
    const weak = await newSignedIn(h);
    expect(outcome(await request(h, weak))).toBe('409 no-second-factor');
    const payer = await newPayer(h);
    await h.pool.query('update totp_factors set disabled_at = $2 where account_id = $1', [
      payer.accountId,
      h.clock.now(),
    ]);
    expect(outcome(await request(h, payer))).toBe('409 no-second-factor');
  });

  it('V8.2.1 belongs to the session that asked, and to no other', async () => {
    const payer = await newPayer(h);
    const { grantId } = (await request(h, payer)).body;
    const { secret, email } = payer;
    const own = await signIn(h, email, { code: nextCode(h, payer) });
    const stranger = await newPayer(h);
    const code = totpCode(secret, h.clock.now());
    for (const other of [own, stranger]) {
      expect(outcome(await show(other, grantId))).toBe('404 not-found');
      expect(outcome(await confirm(h, other, grantId, { code }))).toBe('404 not-found');
      const call = { token: other.accessToken };
      expect(outcome(await h.call('DELETE', `/v1/me/grants/${grantId}`, call))).toBe('404 not-found');
      expect(outcome(await h.post(`/v1/me/grants/${grantId}/passkey-options`, undefined, call))).toBe('404 not-found');
    }
    const nobody = [undefined, await hostKey(h), 'x'].map((token) =>
      h.post('/v1/me/grants', payment, token ? { token } : {}),
    );
    expect((await Promise.all(nobody)).map(outcome)).toEqual(Array(3).fill('401 unauthorized'));
    expect((await show(payer, grantId)).body.status).toBe('requested');
  });

  it.each([
    ['payments', { payment: 403, withdrawal: 403, 'security-change': 201 }],
    ['withdrawals', { payment: 201, withdrawal: 403, 'security-change': 201 }],
    ['security-changes', { payment: 201, withdrawal: 201, 'security-change': 403 }],
  ])('asks the gate: a hold on %s', async (scope, wanted) => {
    const payer = await newPayer(h);
    const agent = await newAgent(h);
    const open = [];
    for (const action of Object.keys(wanted)) {
      const wish = action === 'security-change' ? { action } : { ...payment, action };
      open.push({ wish, grantId: (await request(h, payer, wish)).body.grantId });
    }
    await place(payer.accountId, scope, agent);
    const statuses = Object.values(wanted);
    for (const [index, { wish, grantId }] of open.entries()) {
      expect((await request(h, payer, wish)).status).toBe(statuses[index]);
      const confirmed = await confirm(h, payer, grantId, { code: nextCode(h, payer) });
      expect(confirmed.status).toBe(statuses[index] === 201 ? 200 : 403);
      // A hold is no guess.
      if (confirmed.status === 403) {
        const { rows } = await h.pool.query('select attempts, confirmed_at from grants where id = $1', [grantId]);
        expect(rows).toEqual([{ attempts: 0, confirmed_at: null }]);
      }
    }
  });

  it('is limited by account', async () => {
    const small = await openHarness({ policy: { 'limits.grantsPerAccount': 2 } });
    const payer = await newPayer(small);
    const answers = [await request(small, payer), await request(small, payer), await request(small, payer)];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 429]);
    await small.close();
  });
});

describe('confirming a grant', () => {
  it('PS-4.1 PS-4.2 trades a code for a token of 256 random bits of which only the hash is kept', async () => {
    const payer = await newPayer(h);
    const { grantId } = (await request(h, payer)).body;
    const { status, body } = await confirm(h, payer, grantId, { code: nextCode(h, payer) });
    expect(status).toBe(200);
    expect(body).toEqual({
      grant: expect.stringMatching(/^hf_gr_[\w-]{43}$/),
      expiresAt: new Date(h.clock.now().getTime() + 120_000).toISOString(),
    });
    expect((await show(payer, grantId)).body).toMatchObject({ status: 'confirmed', expiresAt: body.expiresAt });
    const [event] = await eventsOf(h, payer.accountId, 'grant.confirmed');
    expect(event.detail).toEqual({ grantId, factor: 'totp' });
    expect(outcome(await confirm(h, payer, grantId, { code: nextCode(h, payer) }))).toBe('401 invalid-challenge');
  });

  it('V2.3.4 gives one token to sixteen at once with one code', async () => {
    const payer = await newPayer(h);
    const { grantId } = (await request(h, payer)).body;
    const code = nextCode(h, payer);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(h, payer, grantId, { code })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.every(({ status }) => [200, 401, 429].includes(status))).toBe(true);
  });

  it('OW-TX6 is dead after five wrong codes, and the right one comes too late', async () => {
    const payer = await newPayer(h);
    const { grantId } = (await request(h, payer)).body;
    for (let guess = 1; guess <= 5; guess++) {
      expect(outcome(await confirm(h, payer, grantId, { code: wrongCode(h, payer) }))).toBe('401 invalid-code');
    }
    expect(outcome(await confirm(h, payer, grantId, { code: nextCode(h, payer) }))).toBe('401 invalid-challenge');
    expect((await show(payer, grantId)).body.status).toBe('void');
    const failed = (await eventsOf(h, payer.accountId, 'grant.failed')).map(({ detail }) => detail);
    expect(failed.map(({ failures, isVoid }) => [failures, isVoid])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, false],
      [5, true],
    ]);
    // The whole authorisation starts again, with a request of its own.
    const again = (await request(h, payer)).body.grantId;
    expect((await confirm(h, payer, again, { code: nextCode(h, payer) })).status).toBe(200);
  });

  it('OW-TX6 looks at five codes of sixteen at once', async () => {
    const payer = await newPayer(h);
    const { grantId } = (await request(h, payer)).body;
    const code = wrongCode(h, payer);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(h, payer, grantId, { code })));
    const outcomes = answers.map(outcome);
    expect(outcomes.filter((it) => it === '401 invalid-code')).toHaveLength(5);
    expect(outcomes.filter((it) => it === '401 invalid-challenge')).toHaveLength(11);
    expect(await eventsOf(h, payer.accountId, 'second-factor.failed')).toHaveLength(5);
  });

  it('counts on the factor too: new requests are no new guesses', async () => {
    const payer = await newPayer(h);
    const outcomes = [];
    for (let round = 0; round < 3; round++) {
      const { grantId } = (await request(h, payer)).body;
      for (let guess = 0; guess < 5; guess++) {
        outcomes.push(outcome(await confirm(h, payer, grantId, { code: wrongCode(h, payer) })));
      }
    }
    expect(outcomes.slice(0, 10)).toEqual(Array(10).fill('401 invalid-code'));
    expect(outcomes.slice(10)).toEqual(Array(5).fill('429 too-many-attempts'));
    const { rows } = await h.pool.query('select attempts from grants where account_id = $1 order by id desc limit 1', [
      payer.accountId,
    ]);
    expect(rows, 'a locked factor is no guess at the grant').toEqual([{ attempts: 0 }]);
  });

  it('OW-TX4 takes no recovery code, and spends none', async () => {
    const payer = await newPayer(h);
    const { grantId } = (await request(h, payer)).body;
    for (const code of [payer.recoveryCodes[0], 'AAAA-AAAA-AAAA-AAAA-AAAA', 'a sentence']) {
      expect(outcome(await confirm(h, payer, grantId, { code }))).toBe('401 invalid-code');
    }
    expect(await eventsOf(h, payer.accountId, 'second-factor.failed'), 'it is not even looked at').toEqual([]);
    const { rows } = await h.pool.query('select 1 from recovery_codes where account_id = $1 and used_at is not null', [
      payer.accountId,
    ]);
    expect(rows).toEqual([]);
    expect(outcome(await confirm(h, payer, grantId, { factor: 'password', code: '123456' }))).toBe(
      '422 invalid-request',
    );
    expect(outcome(await confirm(h, payer, grantId, {}))).toBe('422 invalid-request');
  });

  it.each([['the request', 299_000, 300_000, '401 invalid-challenge']])(
    'OW-TX8 %s ends by the clock',
    async (_, inTime, late, refusal) => {
      const payer = await newPayer(h);
      const early = (await request(h, payer)).body.grantId;
      h.clock.advance(inTime - 30_000);
      const token = await fresh(payer);
      expect((await confirm(h, { ...payer, accessToken: token }, early, { code: nextCode(h, payer) })).status).toBe(
        200,
      );
      const asked = (await request(h, { accessToken: token })).body.grantId;
      h.clock.advance(late - 30_000);
      const later = { ...payer, accessToken: await refreshed(payer) };
      expect(outcome(await confirm(h, later, asked, { code: nextCode(h, payer) }))).toBe(refusal);
      expect((await show(later, asked)).body.status).toBe('expired');
    },
  );

  const tokens = new Map<string, string>();
  async function refreshed(payer: Payer): Promise<string> {
    const refreshToken = tokens.get(payer.accountId) ?? payer.refreshToken;
    const { body } = await h.post('/v1/auth/refresh', { refreshToken });
    tokens.set(payer.accountId, body.refreshToken);
    return body.accessToken;
  }
  const fresh = refreshed;

  it('is cancelled by the payer, as often as they like', async () => {
    const payer = await newPayer(h);
    const { grantId } = (await request(h, payer)).body;
    const cancel = () => h.call('DELETE', `/v1/me/grants/${grantId}`, { token: payer.accessToken });
    expect([(await cancel()).status, (await cancel()).status]).toEqual([204, 204]);
    expect((await show(payer, grantId)).body.status).toBe('void');
    expect(outcome(await confirm(h, payer, grantId, { code: nextCode(h, payer) }))).toBe('401 invalid-challenge');
    expect(await eventsOf(h, payer.accountId, 'grant.voided')).toHaveLength(1);
    const grant = await newGrant(h, payer);
    const { rows } = await h.pool.query('select id from grants where account_id = $1 order by id desc limit 1', [
      payer.accountId,
    ]);
    await h.call('DELETE', `/v1/me/grants/${rows[0].id}`, { token: payer.accessToken });
    expect(verdictOf(await decide(h, move(payer, { grant })))).toBe('challenge grant:void');
  });
});

describe('OW-TX9 PS-4.1 a code', () => {
  it('that signed in confirms nothing, and one that confirmed does not sign in', async () => {
    const payer = await newPayer(h);
    const { grantId } = (await request(h, payer)).body;
    const code = nextCode(h, payer);
    expect((await signIn(h, payer.email, { code })).status).toBe('signed-in');
    expect(outcome(await confirm(h, payer, grantId, { code }))).toBe('401 invalid-code');
    const next = nextCode(h, payer);
    expect((await confirm(h, payer, grantId, { code: next })).status).toBe(200);
    expect((await signIn(h, payer.email, { code: next })).code).toBe('invalid-credentials');
  });

  it('is spent once among sign-in, reset and grant in parallel', async () => {
    for (let round = 0; round < 3; round++) {
      const payer = await newPayer(h);
      const { grantId } = (await request(h, payer)).body;
      await h.post('/v1/auth/password-reset', { identifier: payer.email });
      const token = await mailedToken(h, payer.email, 'reset');
      const code = nextCode(h, payer);
      const newPassword = `${PASSWORD} anew`;
      const uses = await Promise.all([
        signIn(h, payer.email, { code }).then((body) => body.status === 'signed-in'),
        signIn(h, payer.email, { code, deviceToken: payer.deviceToken }).then((body) => body.status === 'signed-in'),
        h.post('/v1/auth/password-reset/confirm', { token, newPassword, code }).then(({ status }) => status === 204),
        confirm(h, payer, grantId, { code }).then(({ status }) => status === 200),
        confirm(h, payer, grantId, { code }).then(({ status }) => status === 200),
      ]);
      expect(uses.filter(Boolean), JSON.stringify(uses)).toHaveLength(1);
    }
  });
});

describe('a grant dies with its session', () => {
  const ends: [string, (payer: Payer) => Promise<unknown>][] = [
    ['a sign-out', (payer) => h.post('/v1/auth/sign-out', undefined, { token: payer.accessToken })],
    ['a freeze by its owner', (payer) => h.post('/v1/me/freeze', {}, { token: payer.accessToken })],
    [
      'the end of all sessions by an agent',
      async (payer) =>
        h.post(
          `/v1/agent/accounts/${payer.accountId}/revoke-sessions`,
          { note: 'Phished' },
          { token: (await newAgent(h)).accessToken },
        ),
    ],
    [
      'a reset of the password',
      async (payer) => {
        await h.post('/v1/auth/password-reset', { identifier: payer.email });
        const token = await mailedToken(h, payer.email, 'reset');
        const code = payer.recoveryCodes[1];
        await h.post('/v1/auth/password-reset/confirm', { token, newPassword: `${PASSWORD} anew`, code });
      },
    ],
  ];
  it.each(ends)('V7.4.3 by %s', async (_, end) => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer);
    await end(payer);
    // Without the holds that came with it: the session's end alone must do.
    await h.pool.query('update holds set released_at = since where account_id = $1', [payer.accountId]);
    expect(verdictOf(await decide(h, move(payer, { grant })))).toBe('challenge grant:void');
    expect(await eventsOf(h, payer.accountId, 'grant.redeemed')).toEqual([]);
  });

  it('and by the freeze of an agent it is refused along with everything else', async () => {
    const payer = await newPayer(h);
    const grant = await newGrant(h, payer);
    await freezeByAgent(h, await newAgent(h), payer.accountId);
    expect(verdictOf(await decide(h, move(payer, { grant })))).toBe('deny hold:account-takeover');
  });
});
