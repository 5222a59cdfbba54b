import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey, scopes } from '../src/api-keys/api-keys.ts';
import type { Policy } from '../src/policy.ts';
import { nameOf, type Operation, operations } from './support/contract.ts';
import { type Answer, type Harness, newAgent, openHarness, someAddress } from './support/harness.ts';
import { type Counted, rows } from './support/limit-rows.ts';
import { newOpened } from './support/recovery-tries.ts';
import { newSignedIn } from './support/seed.ts';

/** Which key of the policy bounds each count: written a second time, so that the code's own table is no judge of itself. */
const bounds: Record<string, keyof Policy> = {
  'sign-in': 'limits.signInPerIp',
  'sign-up': 'limits.signUpPerIp',
  reset: 'limits.resetPerIp',
  report: 'limits.reportPerIp',
  other: 'limits.otherPerIp',
  containment: 'limits.otherPerIp',
  export: 'limits.exportsPerAccount',
  grant: 'limits.grantsPerAccount',
  'factor-change': 'limits.factorChangesPerAccount',
  'contact-change': 'limits.contactChangesPerAccount',
  unfreeze: 'limits.unfreezesPerAccount',
  speech: 'limits.messagesPerAccount',
  mark: 'limits.marksPerAccount',
  agent: 'limits.requestsPerAgent',
  'api-key': 'limits.requestsPerKey',
};

let h: Harness;
beforeAll(async () => {
  h = await openHarness({ policy: { 'sms.factor': 'on', 'limits.requestsPerKey': 100 } });
});
afterAll(() => h.close());

type Caller = { ip: string; token: string | undefined; subjects: Record<string, string> };

/** Somebody who may call this operation and never did, from an address of their own. */
async function newCaller({ security }: Operation): Promise<Caller> {
  const ip = someAddress();
  const [scheme] = security;
  if (scheme === 'agent') {
    const { accessToken, agentId } = await newAgent(h, 'admin');
    return { ip, token: accessToken, subjects: { address: ip, agent: agentId } };
  }
  if (scheme === 'recoveryToken') {
    const { token } = await newOpened(h, await newAgent(h));
    return { ip, token, subjects: { address: ip } };
  }
  if (scheme === undefined) return { ip, token: undefined, subjects: { address: ip } };
  const { accountId, accessToken } = await newSignedIn(h);
  if (scheme !== 'apiKey') return { ip, token: accessToken, subjects: { address: ip, account: accountId } };
  const { apiKey, apiKeyId } = await createApiKey(h.instance.ctx, 'test', scopes, { kind: 'system' });
  return {
    ip,
    token: apiKey,
    subjects: { key: apiKeyId, 'key and account': `${apiKeyId} ${accountId}`, account: accountId },
  };
}

async function ask(operation: Operation, variant: string, caller: Caller): Promise<Answer> {
  const { method, path } = operation;
  const { token, ip, subjects } = caller;
  const target = path.replace(/\{\w+\}/, subjects['account'] ?? '01890a5d-ac96-774b-bcce-b302099a8057');
  const body = rows[variant]?.body?.() ?? (method === 'GET' ? undefined : {});
  return await h.call(method, target, { body, token, ip });
}

async function countedFor({ subjects }: Caller): Promise<string[]> {
  const { rows: found } = await h.pool.query<{ key: string }>('select key from rate_limits');
  return found.flatMap(({ key }) => {
    const [name = '', subject] = key.split(/:(.*)/s);
    const whose = Object.entries(subjects).find(([, value]) => value === subject)?.[0];
    return whose === undefined ? [] : [`${name} per ${whose}`];
  });
}

/** As though all but one use of it were spent: a minute's worth of calls is not what is tested. */
async function leaveOne(caller: Caller, counted: Counted): Promise<void> {
  const [name = '', whose = ''] = counted.split(' per ');
  const most = h.instance.ctx.policy[bounds[name] as keyof Policy] as number;
  const { rowCount } = await h.pool.query('update rate_limits set points = $2 where key = $1', [
    `${name}:${caller.subjects[whose]}`,
    most - 1,
  ]);
  expect(rowCount, counted).toBe(1);
}

const variants = operations.flatMap((operation) =>
  Object.keys(rows)
    .filter((row) => row === nameOf(operation) || row.startsWith(`${nameOf(operation)} by `))
    .map((variant) => ({ variant, operation, row: rows[variant] as (typeof rows)[string] })),
);

describe('V2.4.1 limits, operation by operation', () => {
  it('has a row for every operation of the contract, and none for what there is not', () => {
    const names = operations.map(nameOf);
    expect(names.filter((name) => rows[name] === undefined)).toEqual([]);
    expect(Object.keys(rows).filter((row) => !names.includes(row.replace(/ by .*/, '')))).toEqual([]);
  });

  it('counts all that anybody may call, and says why of what it does not count', () => {
    for (const { operation, row, variant } of variants) {
      if (operation.security.length === 0) expect(row.counted, variant).not.toEqual([]);
      if (row.counted.length === 0) expect(row.why, variant).not.toBe('');
    }
  });

  it.each(variants.filter(({ row }) => row.counted.length === 0))(
    '$variant is never refused for being much',
    async ({ operation, variant }) => {
      const caller = await newCaller(operation);
      await ask(operation, variant, caller);
      expect(await countedFor(caller)).toEqual([]);
    },
  );

  it.each(variants.flatMap((each) => each.row.counted.map((counted) => ({ ...each, counted }))))(
    'HT-R1 $variant is let through up to the limit $counted and refused past it',
    async ({ operation, variant, row, counted }) => {
      const caller = await newCaller(operation);
      const first = await ask(operation, variant, caller);
      expect([first.status, first.text]).not.toContain(429);
      expect((await countedFor(caller)).toSorted()).toEqual([...row.counted].toSorted());
      await leaveOne(caller, counted);
      expect((await ask(operation, variant, caller)).status).not.toBe(429);
      const refused = await ask(operation, variant, caller);
      expect(refused.status, refused.text).toBe(429);
      expect(['too-many-requests', 'too-many-attempts']).toContain(refused.body.code);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(3600);
      expect(refused.headers.get('cache-control')).toBe('no-store');
      // How many are left tells a guesser when to come again, and from where; a host is told with every answer.
      if (caller.subjects['key'] === undefined) expect(refused.headers.get('ratelimit')).toBeNull();
    },
  );
});
