import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from './account.ts';
import { type Call, expectEqual, expectFound, expectStatus, StoryError } from './call.ts';
import { awaitMail, tokenIn } from './inbox.ts';
import type { Teller } from './tell.ts';

const PATIENCE_MS = 10_000;

/** Who stands around the account: the host application by its key, the agent by a token. */
export type Staff = { apiKey: string; agentToken: string };
type Frozen = { caseId: string; reference: string };

/** From the last good payment to a case that owner and agent both see. */
export async function freezeAccount(call: Call, teller: Teller, owner: Owner, staff: Staff): Promise<void> {
  const { step } = teller;
  const { email, password, accountId } = owner;
  let resetToken = '';
  let frozen: Frozen = { caseId: '', reference: '' };

  await step('host', 'asks before a payment', async () => {
    const { decision } = await askForPayment(call, accountId, staff.apiKey);
    expectEqual('the decision', decision, 'allow');
    return 'allow';
  });
  await step('thief', 'asks for a reset and keeps the link', async () => {
    const known = new Set((await call('GET', '/dev/inbox')).body.items.map((mail: { id: string }) => mail.id));
    expectStatus(await call('POST', '/v1/auth/password-reset', { body: { identifier: email } }), 202);
    const isNew = (mail: { id: string; text: string }) => !known.has(mail.id) && mail.text.includes('/reset#token=');
    resetToken = tokenIn(await awaitMail(call, email, 'a second link to reset', isNew), 'reset') ?? '';
    return 'the mailbox is not the owner’s alone';
  });

  await step('agent', 'finds the account and freezes it', async () => {
    const found = await call('GET', `/v1/agent/accounts?q=${encodeURIComponent(email)}`, { token: staff.agentToken });
    expectEqual('the account found', expectStatus(found, 200).body.items[0]?.id, accountId);
    const body = { reasonCode: 'account-takeover', note: 'The owner called: this was not them.' };
    const path = `/v1/agent/accounts/${accountId}/freeze`;
    frozen = expectStatus(await call('POST', path, { token: staff.agentToken, body }), 201).body;
    return `case ${frozen.reference}`;
  });
  await step('thief', 'uses the session', async () => {
    expectStatus(await call('GET', '/v1/me', { token: owner.accessToken }), 401, 'unauthorized');
    const asked = { token: staff.apiKey, body: { token: owner.accessToken } };
    const introspected = expectStatus(await call('POST', '/v1/server/sessions/introspect', asked), 200);
    expectEqual('what the host is told', introspected.body, { active: false });
    return 'dead, also for the host';
  });
  await step('thief', 'refreshes it', async () => {
    const body = { refreshToken: owner.refreshToken };
    expectStatus(await call('POST', '/v1/auth/refresh', { body }), 401, 'invalid-refresh-token');
    return 'refused';
  });
  await step('thief', 'uses the reset link, and asks for another', async () => {
    const body = { token: resetToken, newPassword: 'the thief would like this one' };
    expectStatus(await call('POST', '/v1/auth/password-reset/confirm', { body }), 400, 'invalid-token');
    expectStatus(await call('POST', '/v1/auth/password-reset', { body: { identifier: email } }), 202);
    return 'void; the new one is never mailed';
  });
  await step('host', 'asks before another payment', async () => {
    const { decision, reasons } = await askForPayment(call, accountId, staff.apiKey);
    expectEqual('the decision', decision, 'deny');
    return `deny, ${reasons[0]?.rule}`;
  });

  await step('owner', 'finds the mail about the freeze', async () => {
    const mail = await awaitMail(call, email, `a mail that names ${frozen.reference}`, ({ text }) =>
      text.includes(frozen.reference),
    );
    return `“${mail.subject}”`;
  });
  await step('agent', 'sees the case and its ticket', async () => {
    const path = `/v1/agent/cases/${frozen.caseId}`;
    const { body } = expectStatus(await call('GET', path, { token: staff.agentToken }), 200);
    expectEqual('the case', [body.reference, body.priority, body.accountId], [frozen.reference, 'urgent', accountId]);
    const ticket = await awaitOpenTicket(call, frozen.caseId, staff.agentToken);
    expectEqual('the ticket’s priority', ticket.priority, 'urgent');
    return 'both urgent';
  });

  let caseToken = '';
  await step('owner', 'signs in with everything right', async () => {
    const body = { identifier: email, password, code: owner.recoveryCodes.shift() };
    const held = expectStatus(await call('POST', '/v1/auth/sign-in', { body }), 403, 'account-held').body;
    expectEqual('the case named', held.caseReference, frozen.reference);
    caseToken = expectFound('a token for the case', held.caseToken);
    return 'held, with a way to the case';
  });
  await step('owner', 'writes in the case', async () => {
    const listed = expectStatus(await call('GET', '/v1/me/cases', { token: caseToken }), 200).body.items;
    expectFound(
      'the owner’s case',
      listed.find((each: { id: string }) => each.id === frozen.caseId),
    );
    const body = { message: 'The sign-in of last night was not me.' };
    const path = `/v1/me/cases/${frozen.caseId}/messages`;
    const said = expectStatus(await call('POST', path, { token: caseToken, body }), 201).body;
    const seen = await call('GET', `/v1/agent/cases/${frozen.caseId}`, { token: staff.agentToken });
    const ids = expectStatus(seen, 200).body.messages.map((message: { id: string }) => message.id);
    expectEqual('that the agent sees it', ids.includes(said.id), true);
    return 'the agent sees it';
  });
  await step('service', 'mailed no reset link while frozen', async () => {
    const { body } = expectStatus(await call('GET', '/dev/inbox'), 200);
    const own = body.items.filter((mail: { to: string }) => mail.to === email);
    const links = own.filter((mail: { text: string }) => mail.text.includes('/reset#token='));
    expectEqual('links to reset in the inbox', links.length, 2);
    return `${own.length} mails in all`;
  });
}

async function askForPayment(call: Call, accountId: string, apiKey: string) {
  const body = {
    transactionId: randomUUID(),
    accountId,
    kind: 'payment',
    amount: '49.90',
    currency: 'EUR',
    payee: { id: 'shop-1', name: 'Corner shop' },
  };
  return expectStatus(await call('POST', '/v1/server/transactions', { token: apiKey, body }), 200).body;
}

/** The helpdesk hears of the case after the freeze was answered. */
async function awaitOpenTicket(call: Call, caseId: string, token: string) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { items } = expectStatus(await call('GET', '/v1/agent/tickets', { token }), 200).body;
    const ticket = items.find((each: { caseId: string; status: string }) => each.caseId === caseId);
    if (ticket?.status === 'open') return ticket;
    if (performance.now() > deadline) {
      throw new StoryError(`the ticket of the case\nexpected  open\ngot       ${ticket?.status ?? 'none'}`);
    }
    await sleep(50);
  }
}
