import { afterAll, beforeAll, expect, it } from 'vitest';
import { carryOutApprovals } from '../src/approvals/carry-out.ts';
import { fallBackUnconfirmed } from '../src/releases/confirm.ts';
import { type Harness, openHarness, type TestAgent } from './support/harness.ts';
import { backAtWork, newSeasoned } from './support/lost-factor.ts';
import { HOUR, plantHold } from './support/release.ts';
import { newSignedIn, type SignedIn } from './support/seed.ts';

/** One person with the highest role, who is awake for as long as it takes. */
let h: Harness;
let admin: TestAgent;
let colleague: TestAgent;
beforeAll(async () => {
  h = await openHarness({ policy: { 'approvals.minApproverAge': 0, 'agents.idle': 900_000 } });
  [admin, colleague] = [await newSeasoned(h, 'admin'), await newSeasoned(h, 'admin')];
});
afterAll(() => h.close());

/** Numbers that are the same for the same seed (mulberry32). */
function randomBy(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type World = { owner: SignedIn; holdIds: string[]; approvalIds: string[]; caseIds: string[] };
type Move = (world: World, pick: (below: number) => number) => Promise<unknown>;

const post = (path: string, body: object = {}) => h.post(path, body, { token: admin.accessToken });
const note = 'By one person';
const one = <T>(list: readonly T[], pick: (below: number) => number): T => list[pick(list.length)] as T;
const known = async ({ owner }: World, table: string): Promise<string[]> =>
  (await h.pool.query(`select id from ${table} where account_id = $1`, [owner.accountId])).rows.map(({ id }) => id);

/** Every call by which one agent could hope to get an account out, and what time does by itself. */
const moves: Record<string, Move> = {
  release: async (world, pick) => {
    const reasonCode = one(['restored', 'mistake', 'false-positive'], pick);
    const { body } = await post(`/v1/agent/holds/${one(world.holdIds, pick)}/release`, { reasonCode, note });
    if (body?.approvalId) world.approvalIds.push(body.approvalId);
  },
  approve: async ({ approvalIds }, pick) =>
    approvalIds.length > 0 && post(`/v1/agent/approvals/${one(approvalIds, pick)}/approve`, { note }),
  reject: async ({ approvalIds }, pick) =>
    approvalIds.length > 0 && post(`/v1/agent/approvals/${one(approvalIds, pick)}/reject`, { note }),
  freeze: async (world, pick) => {
    const reasonCode = one(['review', 'legal-order', 'other'], pick);
    await post(`/v1/agent/accounts/${world.owner.accountId}/freeze`, { reasonCode, note });
    world.holdIds = await known(world, 'holds');
  },
  hold: async (world, pick) => {
    const scope = one(['all', 'payments', 'sign-in'], pick);
    const expiresAt = new Date(h.clock.now().getTime() + HOUR).toISOString();
    await post(`/v1/agent/accounts/${world.owner.accountId}/holds`, { scope, reasonCode: 'review', note, expiresAt });
    world.holdIds = await known(world, 'holds');
  },
  confirm: async ({ holdIds }, pick) => post(`/v1/agent/holds/${one(holdIds, pick)}/confirm`),
  window: async (world, pick) => {
    const from = new Date(h.clock.now().getTime() - (1 + pick(48)) * HOUR).toISOString();
    const caseIds = await known(world, 'cases');
    if (caseIds.length > 0) await post(`/v1/agent/cases/${one(caseIds, pick)}/window`, { from, note });
  },
  verify: async (world, pick) => {
    const kind = one(['video', 'document', 'known-transactions'], pick);
    const caseIds = await known(world, 'cases');
    if (caseIds.length > 0) await post(`/v1/agent/cases/${one(caseIds, pick)}/verifications`, { kind, note });
  },
  unlock: async ({ owner }) => post(`/v1/agent/accounts/${owner.accountId}/unlock`, { note }),
  resetFactor: async ({ owner }) => post(`/v1/agent/accounts/${owner.accountId}/reset-second-factor`, { note }),
  resetPassword: async ({ owner }) => post(`/v1/agent/accounts/${owner.accountId}/require-password-reset`, { note }),
  closeCase: async (world, pick) => {
    const caseIds = await known(world, 'cases');
    if (caseIds.length > 0)
      await post(`/v1/agent/cases/${one(caseIds, pick)}/resolve`, { outcome: 'false-positive', note });
  },
  sweep: async () => {
    await carryOutApprovals(h.instance.ctx);
    await fallBackUnconfirmed(h.instance.ctx);
  },
  wait: async (_, pick) => {
    h.clock.advance((1 + pick(12)) * 60_000);
    admin = await backAtWork(h, admin);
  },
};

/** Frozen by somebody else. */
async function newWorld(source: string): Promise<World> {
  const owner = await newSignedIn(h);
  const holdId = await plantHold(h, owner.accountId, { source });
  return { owner, holdIds: [holdId], approvalIds: [], caseIds: [] };
}

const frozenBy = async (accountId: string): Promise<string[]> =>
  (
    await h.pool.query(
      `select source from holds where account_id = $1 and scope = 'all' and released_at is null and until is null`,
      [accountId],
    )
  ).rows.map(({ source }) => source);

const seeds = [11, 23, 47];
const sources = ['agent', 'owner', 'rule', 'legal', 'policy'];

it.each(seeds.flatMap((seed) => sources.map((source) => ({ seed, source }))))(
  'V2.3.5 no sequence of one admin’s calls lifts a freeze by $source (seed $seed)',
  async ({ seed, source }) => {
    const pick = randomBy(seed);
    const world = await newWorld(source);
    const names = Object.keys(moves);
    const done: string[] = [];
    for (let step = 0; step < 24; step++) {
      // Half of all is asking and agreeing: that is where a hole would be.
      const name = pick(2) === 0 ? one(['release', 'approve'], pick) : one(names, pick);
      done.push(name);
      await moves[name]?.(world, pick);
      expect(await frozenBy(world.owner.accountId), done.join(' ')).toContain(source);
    }
  },
);

it('and a second person’s yes does: the walk could have found a way', async () => {
  const { owner, holdIds } = await newWorld('agent');
  admin = await backAtWork(h, admin).catch(() => admin);
  const { approvalId } = (await post(`/v1/agent/holds/${holdIds[0]}/release`, { reasonCode: 'mistake', note })).body;
  h.clock.advance(30_000);
  colleague = await backAtWork(h, colleague);
  const agreed = await h.post(`/v1/agent/approvals/${approvalId}/approve`, { note }, { token: colleague.accessToken });
  expect([agreed.body.status, await frozenBy(owner.accountId)]).toEqual(['done', []]);
});
