import { randomBytes, randomUUID } from 'node:crypto';
import { newId } from '../../src/crypto/ids.ts';
import type { Try } from './gate-tries.ts';
import type { Answer, Harness, TestAgent } from './harness.ts';
import { decide, move } from './payer.ts';
import { freezeByAgent, newAccount, type SignedIn, signIn } from './seed.ts';

type Way = 'by session' | 'by case token';
const ways: readonly Way[] = ['by session', 'by case token'];
const actionOf = { 'by session': 'use-session', 'by case token': 'case-access' } as const;

/** An owner with closed cases, transactions and a report made signed out. */
export type Speaking = SignedIn & {
  caseToken: string;
  reference: string;
  closed: Record<'appeal' | 'feedback', Record<Way, string>>;
  paid: string;
  parked: Record<'payment' | 'withdrawal', string>;
};

export async function prepareSpeaking(h: Harness, agent: TestAgent): Promise<Speaking> {
  const account = await newAccount(h);
  await freezeByAgent(h, agent, account.accountId);
  const { caseToken } = await signIn(h, account.email);
  await h.pool.query('update holds set released_at = since where account_id = $1', [account.accountId]);
  const session = await signIn(h, account.email);
  const said = { identifier: account.email, kind: 'scam', message: 'Help', contact: 'me' };
  const { reference } = (await h.post('/v1/auth/report', said)).body;
  const pay = async (kind: string) => (await decide(h, move(account, { kind }))).body.assessmentId as string;
  const parked = { payment: await pay('payment'), withdrawal: await pay('withdrawal') };
  await h.pool.query("update transactions set decision = 'review', status = 'pending-review' where id = any($1)", [
    Object.values(parked),
  ]);
  const closedCase = async (kind: string) => {
    const now = h.clock.now();
    const id = newId(now);
    await h.pool.query(
      `insert into cases (id, reference, account_id, kind, priority, opened_at, respond_by, closed_at)
       values ($1, $2, $3, $4, 'normal', $5, $5, $5)`,
      [id, `HF-${randomBytes(4).toString('hex')}`, account.accountId, kind, now],
    );
    return id;
  };
  const closed = {
    appeal: { 'by session': await closedCase('locked-out'), 'by case token': await closedCase('complaint') },
    feedback: { 'by session': await closedCase('locked-out'), 'by case token': await closedCase('locked-out') },
  };
  return { ...account, ...session, caseToken, reference, closed, paid: await pay('payment'), parked };
}

const isDone = ({ status }: Answer) => status < 300;
const tokenOf = (speaking: Speaking, way: Way) => (way === 'by session' ? speaking.accessToken : speaking.caseToken);

function both(operation: string, path: (s: Speaking, way: Way) => string, body?: object): Try[] {
  const method = operation.split(' ')[0] as string;
  return ways.map((what) => ({
    operation,
    what,
    action: actionOf[what],
    go: async (h, { speaking }) =>
      isDone(await h.call(method, path(speaking, what), { body, token: tokenOf(speaking, what) })),
  }));
}

const decides = (kind: 'payment' | 'withdrawal'): Try => ({
  operation: 'POST /v1/agent/transactions/{id}/decide',
  what: kind,
  action: kind,
  async go(h, { speaking, agent }) {
    const body = { decision: 'allow', note: randomUUID() };
    return isDone(
      await h.post(`/v1/agent/transactions/${speaking.parked[kind]}/decide`, body, { token: agent.accessToken }),
    );
  },
});

/** In this order none of them spoils the next, refused or not. */
export const ownerTries: Try[] = [
  decides('payment'),
  decides('withdrawal'),
  ...both('GET /v1/me/receipts', () => '/v1/me/receipts'),
  ...both('GET /v1/me/transactions', () => '/v1/me/transactions'),
  ...both('POST /v1/me/cases/{id}/appeal', ({ closed }, way) => `/v1/me/cases/${closed.appeal[way]}/appeal`, {
    message: 'No',
  }),
  ...both('POST /v1/me/cases/{id}/feedback', ({ closed }, way) => `/v1/me/cases/${closed.feedback[way]}/feedback`, {
    rating: 3,
  }),
  ...both('POST /v1/me/transactions/{id}/mark', ({ paid }) => `/v1/me/transactions/${paid}/mark`, { mine: false }),
  {
    operation: 'POST /v1/me/reports/confirm',
    what: 'by session',
    action: 'use-session',
    go: async (h, { speaking: { reference, accessToken } }) =>
      isDone(await h.post('/v1/me/reports/confirm', { reference }, { token: accessToken })),
  },
];
