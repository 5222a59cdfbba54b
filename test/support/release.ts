import { expect } from 'vitest';
import { type Answer, type Harness, type TestAgent, totpCode } from './harness.ts';
import { enrol, freezeByAgent, newAccount, type SignedIn, signIn } from './seed.ts';

export const HOUR = 3_600_000;

export const release = (h: Harness, agent: TestAgent, holdId: string, reasonCode = 'mistake'): Promise<Answer> =>
  h.post(`/v1/agent/holds/${holdId}/release`, { reasonCode, note: 'Looked at it' }, { token: agent.accessToken });

export const decide = (h: Harness, agent: TestAgent, id: string, decision: 'approve' | 'reject' = 'approve') =>
  h.post(`/v1/agent/approvals/${id}/${decision}`, { note: 'Agreed' }, { token: agent.accessToken });

export async function standing(h: Harness, accountId: string): Promise<string[]> {
  const sql = `select source || ' ' || scope as hold from holds where account_id = $1 and released_at is null
    and (until is null or until > $2) order by since, id`;
  return (await h.pool.query(sql, [accountId, h.clock.now()])).rows.map(({ hold }) => hold);
}

/** A hold as a row, as any source may have placed it: only its way out is asked about. */
export async function plantHold(
  h: Harness,
  accountId: string,
  { source, scope = 'all', caseId, since }: { source: string; scope?: string; caseId?: string; since?: Date },
): Promise<string> {
  const { rows } = await h.pool.query(
    `insert into holds (id, account_id, scope, source, reason_code, case_id, since)
     values (gen_random_uuid(), $1, $2, $3, 'review', $4, $5) returning id`,
    [accountId, scope, source, caseId ?? null, since ?? h.clock.now()],
  );
  return rows[0].id;
}

export type Held = SignedIn & { holdId: string; caseId: string };

/** Frozen by one agent, who may be wrong: the owner said nothing. */
export async function newFrozen(h: Harness, agent: TestAgent): Promise<Held> {
  const seeded = await newAccount(h);
  const session = await signIn(h, seeded.email);
  const { body } = await freezeByAgent(h, agent, seeded.accountId);
  return { ...seeded, ...session, holdId: body.hold.id, caseId: body.caseId };
}

export type Restorable = Held & { secret: string };

/** Frozen by an agent with a playbook that is complete: what is asked for next is the release. */
export async function newRestorable(h: Harness, agent: TestAgent): Promise<Restorable> {
  const seeded = await newAccount(h);
  const session = await signIn(h, seeded.email);
  const { secret } = await enrol(h, session.accessToken);
  await age(h, seeded.accountId, 30);
  const { body } = await freezeByAgent(h, agent, seeded.accountId);
  const { caseId } = body;
  await complete(h, agent, { accountId: seeded.accountId, caseId });
  return { ...seeded, ...session, secret, holdId: body.hold.id, caseId };
}

/** As if everything of the account had been there for so many days. */
export async function age(h: Harness, accountId: string, days: number): Promise<void> {
  const back = `interval '${days} days'`;
  for (const set of [
    `totp_factors set confirmed_at = confirmed_at - ${back}`,
    `recovery_codes set created_at = created_at - ${back}`,
    `passwords set set_at = set_at - ${back}`,
  ])
    await h.pool.query(`update ${set} where account_id = $1`, [accountId]);
}

/** Everything that a release for `restored` waits for. */
export async function complete(
  h: Harness,
  agent: TestAgent,
  { accountId, caseId }: { accountId: string; caseId: string },
): Promise<void> {
  const as = { token: agent.accessToken };
  await h.pool.query(
    `insert into case_messages (id, case_id, author_kind, author_id, kind, is_proven, body, created_at)
     values (gen_random_uuid(), $1, 'owner', $2, 'report', true, 'Not me', $3)`,
    [caseId, accountId, h.clock.now()],
  );
  const from = new Date(h.clock.now().getTime() - 24 * HOUR).toISOString();
  expect((await h.post(`/v1/agent/cases/${caseId}/window`, { from, note: 'Since then' }, as)).status).toBe(200);
  for (const kind of ['video', 'document'])
    expect((await h.post(`/v1/agent/cases/${caseId}/verifications`, { kind, note: 'Seen' }, as)).status).toBe(201);
  // As the recovery link does.
  const later = new Date(h.clock.now().getTime() + 1000);
  await h.pool.query('update passwords set set_at = $2 where account_id = $1', [accountId, later]);
}

export const code = (h: Harness, secret: string) => totpCode(secret, h.clock.now());
