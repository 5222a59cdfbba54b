import { createVerifier, type Verifier, type VerifierOptions } from 'holdfast/client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { revokeSigningKey } from '../src/keys/rotate.ts';
import { forge, forgeries, ISSUER, setScene } from './support/forged-tokens.ts';
import { newAgent, newApiKey, type TestAgent } from './support/harness.ts';
import { enrol, hostKey, newSignedIn, reason, type SignedIn, signIn } from './support/seed.ts';
import { openServed, openWire, type Served } from './support/served.ts';

const HEARTBEAT = 50;
/** Soon, and yet no busy machine takes a living stream for a dead one for long. */
const STALE = 8 * HEARTBEAT;

let h: Served;
let apiKey: string;
let agent: TestAgent;
let owner: SignedIn;
const open: { close(): Promise<unknown> }[] = [];
beforeAll(async () => {
  h = await openServed({ policy: { 'revocations.heartbeat': HEARTBEAT } });
  apiKey = await newApiKey(h, ['sessions:read']);
  agent = await newAgent(h);
  owner = await newSignedIn(h);
  const now = () => Math.floor(h.clock.now().getTime() / 1000);
  const { rows } = await h.pool.query("select id from keys where purpose = 'encryption'");
  setScene(() => ({
    signing: h.instance.ctx.keys.signing(h.clock.now()),
    now: now(),
    encryptionKeyId: rows[0].id,
    lureAt: (path) => `${h.origin}${path}`,
  }));
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});
afterAll(() => h.close());

function verifier(options: Partial<VerifierOptions> = {}): Verifier {
  const now = () => h.clock.now().getTime();
  const made = createVerifier({ baseUrl: h.origin, issuer: ISSUER, apiKey, now, clockToleranceSec: 0, ...options });
  open.push(made);
  return made;
}

async function readyVerifier(options: Partial<VerifierOptions> = {}): Promise<Verifier> {
  const made = verifier(options);
  await made.ready();
  return made;
}

/** What was asked over the network, by path. */
function listening(): { asked: string[]; fetch: typeof fetch } {
  const asked: string[] = [];
  const wrapped: typeof fetch = (input, init) => {
    asked.push(new URL(String(input)).pathname);
    return fetch(input, init);
  };
  return { asked, fetch: wrapped };
}

const verdict = (made: Verifier, token: string) =>
  made.verify(token).then(
    () => 'passes',
    ({ code }) => code,
  );
const becomes = (made: Verifier, token: string, expected: string) =>
  vi.waitFor(async () => expect(await verdict(made, token)).toBe(expected), { interval: 2, timeout: 20_000 });
const signOut = ({ accessToken }: { accessToken: string }) =>
  h.post('/v1/auth/sign-out', undefined, { token: accessToken });

const freeze = async ({ accountId }: SignedIn) => {
  const { status } = await h.post(`/v1/server/accounts/${accountId}/freeze`, reason, { token: await hostKey(h) });
  expect(status).toBe(201);
};

/** Signed with our own key and whole in itself: only the service's own rows could tell. */
const onlyTheServiceKnows = /^(a session nobody has|3.8 another subject than the session’s)$/;
const forOwners = forgeries.filter(
  ([name, , kinds]) => (kinds?.includes('owner') ?? true) && !onlyTheServiceKnows.test(name),
);

describe('a verifier', () => {
  it('knows a good token without asking, and says what is in it', async () => {
    const { asked, fetch } = listening();
    const made = await readyVerifier({ fetch });
    const claims = await made.verify(owner.accessToken);
    expect(claims).toMatchObject({ sub: owner.accountId, sid: owner.sessionId, acr: 'aal1', amr: ['pwd'] });
    for (let times = 0; times < 50; times++) await made.verify(owner.accessToken);
    expect(asked.toSorted()).toEqual(['/.well-known/jwks.json', '/v1/server/revocations']);
  });

  it.each(forOwners)('RFC 8725 refuses %s', async (_name, make) => {
    const made = await readyVerifier();
    await expect(made.verify(await make(owner.accessToken, 'owner'))).rejects.toMatchObject({
      code: expect.stringMatching(/^(invalid|expired)-token$/),
      status: 401,
      wwwAuthenticate: 'Bearer error="invalid_token"',
    });
  });

  it('lets pass what a forger with our very key would sign: the refusals above are for what they name', async () => {
    const made = await readyVerifier();
    expect(await verdict(made, await forge(owner.accessToken))).toBe('passes');
  });

  it('refuses a token of another kind, and one whose time has come, remembered or not', async () => {
    const made = await readyVerifier();
    expect(await verdict(made, agent.accessToken)).toBe('invalid-token');
    const { accessToken } = await newSignedIn(h);
    expect(await verdict(made, accessToken)).toBe('passes');
    h.clock.advance(300_000);
    expect(await verdict(made, accessToken)).toBe('expired-token');
    expect(await verdict(made, accessToken)).toBe('expired-token');
    owner = await newSignedIn(h);
  });

  it('V7.4.1 refuses a session that was signed out, and only that one', async () => {
    const made = await readyVerifier();
    const gone = await newSignedIn(h);
    const other = await signIn(h, gone.email);
    expect(await verdict(made, gone.accessToken)).toBe('passes');
    await signOut(gone);
    await becomes(made, gone.accessToken, 'revoked-token');
    expect(await verdict(made, other.accessToken)).toBe('passes');
  });

  it('V7.4.2 refuses everything of a frozen account, and lets in who signs in after its release', async () => {
    const made = await readyVerifier();
    const frozen = await newSignedIn(h);
    const other = await signIn(h, frozen.email);
    const refreshed = (await h.post('/v1/auth/refresh', { refreshToken: frozen.refreshToken })).body;
    await freeze(frozen);
    for (const { accessToken } of [frozen, other, refreshed]) await becomes(made, accessToken, 'revoked-token');
    h.clock.advance(1_000);
    await h.pool.query('update holds set released_at = $2 where account_id = $1', [frozen.accountId, h.clock.now()]);
    const back = await signIn(h, frozen.email);
    expect(await verdict(made, back.accessToken)).toBe('passes');
    expect(await verdict(made, other.accessToken)).toBe('revoked-token');
  });

  it('refuses the sessions that a new factor ended, and lets the one go on that made it', async () => {
    const made = await readyVerifier();
    const changing = await newSignedIn(h);
    const other = await signIn(h, changing.email);
    await enrol(h, changing.accessToken);
    await becomes(made, other.accessToken, 'revoked-token');
    expect(await verdict(made, changing.accessToken)).toBe('passes');
  });

  it('that begins after a freeze refuses what was frozen', async () => {
    const frozen = await newSignedIn(h);
    await freeze(frozen);
    h.clock.advance(200_000);
    expect(await verdict(await readyVerifier(), frozen.accessToken)).toBe('revoked-token');
    owner = await newSignedIn(h);
  });

  it('on one node hears of a freeze on another', async () => {
    const node = await h.addNode();
    const made = await readyVerifier({ baseUrl: node.origin });
    const frozen = await newSignedIn(h);
    expect(await verdict(made, frozen.accessToken)).toBe('passes');
    await freeze(frozen);
    await becomes(made, frozen.accessToken, 'revoked-token');
  });

  it('HT-U1 asks for a fresher or stronger sign-in as RFC 9470 says', async () => {
    const made = await readyVerifier();
    owner = await newSignedIn(h);
    expect((await made.verify(owner.accessToken, { maxAge: 60, acr: 'aal1' })).sub).toBe(owner.accountId);
    h.clock.advance(61_000);
    await expect(made.verify(owner.accessToken, { maxAge: 60 })).rejects.toMatchObject({
      code: 'insufficient-authentication',
      status: 401,
      wwwAuthenticate: 'Bearer error="insufficient_user_authentication", max_age="60"',
    });
    await expect(made.verify(owner.accessToken, { acr: 'aal2' })).rejects.toMatchObject({
      wwwAuthenticate: 'Bearer error="insufficient_user_authentication", acr_values="aal2"',
    });
  });

  it('reports which sessions were active, so that they do not fall idle', async () => {
    const made = await readyVerifier();
    const active = await newSignedIn(h);
    h.clock.advance(120_000);
    await made.verify(active.accessToken);
    await made.close();
    const { rows } = await h.pool.query('select last_seen_at from sessions where id = $1', [active.sessionId]);
    expect(rows[0].last_seen_at).toEqual(h.clock.now());
    owner = await newSignedIn(h);
  });

  it('does not ask for keys again and again because of made-up ones', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch');
    const made = await readyVerifier();
    for (let times = 0; times < 20; times++) {
      expect(await verdict(made, await forge(owner.accessToken, { header: { kid: `made-up-${times}` } }))).toBe(
        'invalid-token',
      );
    }
    const asked = fetched.mock.calls.filter(([input]) => String(input).endsWith('/jwks.json'));
    fetched.mockRestore();
    expect(asked.length).toBe(1);
  });
});

describe('without a fresh stream', () => {
  const blind: typeof fetch = (input, init) =>
    String(input).endsWith('/revocations') ? Promise.reject(new TypeError('no route')) : fetch(input, init);

  it('a verifier asks the service for each token', async () => {
    const made = verifier({ fetch: blind });
    const session = await newSignedIn(h);
    expect(made.isFresh()).toBe(false);
    expect(await verdict(made, session.accessToken)).toBe('passes');
    await signOut(session);
    expect(await verdict(made, session.accessToken)).toBe('revoked-token');
    expect(await verdict(made, `${session.accessToken}x`)).toBe('invalid-token');
  });

  it('and without an answer it lets nobody pass', async () => {
    const deaf: typeof fetch = (input, init) =>
      String(input).includes('/v1/') ? Promise.reject(new TypeError('no route')) : fetch(input, init);
    const made = verifier({ fetch: deaf, retries: 0 });
    await expect(made.verify(owner.accessToken)).rejects.toMatchObject({ code: 'unavailable', status: 503 });
  });

  it('a verifier told to refuse refuses', async () => {
    const made = verifier({ fetch: blind, whenStale: 'refuse' });
    await expect(made.verify(owner.accessToken)).rejects.toMatchObject({ code: 'unavailable', status: 503 });
  });

  it('with a key that is no good any more, nobody passes', async () => {
    const key = await newApiKey(h, ['sessions:read']);
    const made = await readyVerifier({ apiKey: key, maxStaleMs: STALE });
    await h.pool.query("update api_keys set revoked_at = now() where key_hash = sha256(convert_to($1, 'utf8'))", [key]);
    await becomes(made, owner.accessToken, 'unavailable');
  });

  it('a wire gone dead is noticed, and nothing that happened meanwhile is missed', async () => {
    const wire = await openWire(h.origin);
    const session = await newSignedIn(h);
    const made = await readyVerifier({ baseUrl: wire.origin, whenStale: 'refuse', maxStaleMs: STALE });
    open.push(wire);
    await becomes(made, session.accessToken, 'passes');
    wire.stall();
    await becomes(made, session.accessToken, 'unavailable');
    await signOut(session);
    wire.heal();
    await becomes(made, session.accessToken, 'revoked-token');
    await becomes(made, owner.accessToken, 'passes');
  });

  it('a broken one is stale at once, unless a grace was given', async () => {
    const wire = await openWire(h.origin);
    const options = { baseUrl: wire.origin, whenStale: 'refuse', maxStaleMs: 60_000 } as const;
    const [strict, patient] = [await readyVerifier(options), await readyVerifier({ ...options, graceMs: 60_000 })];
    const session = await newSignedIn(h);
    for (const made of [strict, patient]) expect(await verdict(made, session.accessToken)).toBe('passes');
    await wire.close();
    await becomes(strict, session.accessToken, 'unavailable');
    expect(await verdict(patient, session.accessToken)).toBe('passes');
  });

  it('a blind node is no quiet one: without its database it has no heartbeat', async () => {
    const node = await h.addNode();
    const made = await readyVerifier({ baseUrl: node.origin, whenStale: 'refuse', maxStaleMs: STALE });
    await becomes(made, owner.accessToken, 'passes');
    await node.instance.ctx.reader.destroy();
    await becomes(made, owner.accessToken, 'unavailable');
  });
});

// Last, since it takes the key away that all before it was signed with.
it('V9.1.3 a key that leaked and was revoked is believed no more, whatever key set was fetched before', async () => {
  const { asked, fetch } = listening();
  const [seen, unseen] = [await readyVerifier({ fetch, whenStale: 'refuse' }), await readyVerifier()];
  const stolen = await newSignedIn(h);
  expect(await verdict(seen, stolen.accessToken)).toBe('passes');
  const { id } = h.instance.ctx.keys.signing(h.clock.now());
  await revokeSigningKey(h.instance.ctx, id, { kind: 'system' });
  for (const made of [seen, unseen]) await becomes(made, stolen.accessToken, 'invalid-token');
  const fresh = (await h.post('/v1/auth/refresh', { refreshToken: stolen.refreshToken })).body;
  expect(await verdict(unseen, fresh.accessToken), 'its successor is').toBe('passes');
  expect(asked.filter((path) => path.endsWith('jwks.json')).length, 'without asking for keys').toBe(1);
});
