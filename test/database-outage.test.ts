import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Answer, type Harness, newOwner, openHarness, PASSWORD, someEmail } from './support/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

/** What a restart of Postgres does to a node: every connection of its own is gone at once. */
async function cutConnections(): Promise<void> {
  await h.pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
}

describe('V16.5.2 when the database goes away', () => {
  it('answers 503 or right, never 500, and serves again by itself', async () => {
    const owner = await newOwner(h);
    const requests = Array.from({ length: 20 }, (_, place) =>
      place % 2 === 0
        ? h.get('/v1/me', owner.accessToken)
        : h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD, deviceToken: owner.deviceToken }),
    );
    await cutConnections();
    const answers = await Promise.all(requests);
    expect(answers.map((answer) => answer.status).filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
    expect((await served(() => h.get('/v1/me', owner.accessToken))).status).toBe(200);
    expect((await h.get('/health/ready')).status).toBe(200);
  });

  it('goes on delivering after its listening connection was cut', async () => {
    const email = someEmail();
    await cutConnections();
    const answer = await served(() => h.post('/v1/auth/sign-up', { email, password: PASSWORD }));
    expect(answer.status).toBe(202);
    const isThere = async () => (await h.instance.ctx.inbox?.list())?.some((mail) => mail.to === email);
    await vi.waitFor(async () => expect(await isThere()).toBe(true), { timeout: 10_000 });
  });
});

/** As a client does: what is told to come again comes again. */
async function served(ask: () => Promise<Answer>): Promise<Answer> {
  const answer = await ask();
  return answer.status === 503 ? await served(ask) : answer;
}
