import type { Context } from '../context.ts';
import { transact } from '../db/transaction.ts';
import { record } from '../events/record.ts';
import { bearer, type Guard, unauthorized } from '../http.ts';
import { Problem } from '../problem.ts';
import { findAgentSession, noteActivity } from '../sessions/check.ts';
import { hasPower, type Power } from './rules.ts';

/** Freezing, and ending one's own session, is never refused for being much. */
const CONTAINING = /\/(freeze|holds|sign-out)$/;

/** Only an agent whose role has this power, as often as a person would ask. A refusal for lack of it is an event (ASVS 16.3.2). */
export function requireAgent(ctx: Context, power: Power): Guard {
  return async (c, next) => {
    const agent = await findAgentSession(ctx, bearer(c));
    if (!agent) throw unauthorized();
    if (!CONTAINING.test(c.req.path)) await ctx.limits.takeOpenlyFor('agent', agent.agent_id);
    if (!hasPower(agent.role, power)) {
      const actor = { kind: 'agent', id: agent.agent_id } as const;
      const detail = { path: c.req.path };
      await transact(ctx.urgentDb, ctx.ring, (trx) =>
        record(trx, { type: 'authorisation.failed', actor, client: c.var.client, detail }, ctx.clock.now()),
      );
      throw new Problem('forbidden');
    }
    c.set('agent', agent);
    await noteActivity(ctx, agent);
    await next();
  };
}
