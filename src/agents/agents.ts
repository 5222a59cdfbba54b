import { randomBytes } from 'node:crypto';
import { generateSecret } from 'otplib';
import { emailKey } from '../accounts/identifiers.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { transact } from '../db/transaction.ts';
import { type Actor, record } from '../events/record.ts';
import * as queries from './queries.ts';
import type { Role } from './rules.ts';

type NewAgent = { email: string; name: string; role: Role };
type MadeAgent = { agentId: string; email: string; password: string; totpSecret: string };

/** The name under which an agent's TOTP secret is sealed. */
export const agentSecretRow = (agentId: string) => `agents.totp_secret:${agentId}` as const;

/** Makes an agent with a password and a second factor, both shown this once. */
export async function createAgent(ctx: Context, input: NewAgent, actor: Actor): Promise<MadeAgent> {
  const now = ctx.clock.now();
  const id = newId(now);
  const password = randomBytes(18).toString('base64url');
  const totpSecret = generateSecret({ length: 20 });
  const hash = await ctx.staffHasher.hash(password);
  await transact(ctx.urgentDb, ctx.ring, async (trx) => {
    await queries.insertAgent(trx, {
      id,
      email: input.email,
      email_key: emailKey(input.email),
      name: input.name,
      role: input.role,
      password_hash: hash,
      totp_secret: ctx.keys.encrypt(totpSecret, agentSecretRow(id)),
      created_at: now,
      created_by: actor.kind === 'agent' ? (actor.id ?? null) : null,
    });
    const { email, role } = input;
    const payload = { change: 'created', agent: email, role, by: '' };
    await record(trx, { type: 'agent.created', actor, detail: { email, role, agentId: id }, payload }, now);
  });
  return { agentId: id, email: input.email, password, totpSecret };
}
