import type { Answer, Harness, TestAgent } from './harness.ts';
import { hostKey, newSignedIn, type SignedIn } from './seed.ts';

export type Reporter = SignedIn & { caseId: string; reference: string };

/** Somebody who reported something signed in, and their open case. */
export async function newReporter(h: Harness, kind = 'takeover', extra: object = {}): Promise<Reporter> {
  const owner = await newSignedIn(h);
  const report = { kind, message: 'That was not me', ...extra };
  const { body } = await h.post('/v1/me/reports', report, { token: owner.accessToken });
  return { ...owner, caseId: body.caseId, reference: body.reference };
}

/** What an agent does with a case. */
export function work(h: Harness, agent: TestAgent, caseId: string, what: string, body: object = {}): Promise<Answer> {
  return h.post(`/v1/agent/cases/${caseId}/${what}`, body, { token: agent.accessToken });
}

export async function readCase(h: Harness, agent: TestAgent, caseId: string) {
  return (await h.get(`/v1/agent/cases/${caseId}`, agent.accessToken)).body;
}

export async function eventsOf(h: Harness, caseId: string, type: string) {
  const sql = 'select actor_id, detail from events where case_id = $1 and type = $2 order by id';
  return (await h.pool.query(sql, [caseId, type])).rows;
}

let n = 0;
/** A payment that its host asked about; how it is decided is not what this is about. */
export async function pay(h: Harness, accountId: string, extra: object = {}): Promise<string> {
  const transactionId = `tx-${accountId}-${n++}`;
  const body = {
    transactionId,
    accountId,
    kind: 'payment',
    amount: '10.00',
    currency: 'EUR',
    payee: { id: 'p' },
    ...extra,
  };
  const { status, text } = await h.post('/v1/server/transactions', body, { token: await hostKey(h) });
  if (status !== 200) throw new Error(text);
  return transactionId;
}
