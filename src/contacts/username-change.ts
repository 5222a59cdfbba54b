import { usernameKey } from '../accounts/identifiers.ts';
import type { Context } from '../context.ts';
import { newId } from '../crypto/ids.ts';
import { Problem } from '../problem.ts';
import type { Proof } from '../second-factors/proof.ts';
import { changeWithProof } from '../second-factors/prove-change.ts';
import type { Holder } from '../sessions/holder.ts';
import { putIntoForce } from './put-into-force.ts';
import * as queries from './queries.ts';

/**
 * Gives the account another name to sign in with, at once; the old one stays its own while that can be undone. Throws as
 * `changeWithProof` does, `account-exists` where the name is taken: names are public, and tries are counted.
 */
export async function changeUsername(
  ctx: Context,
  holder: Holder,
  username: string,
  proof: Proof | undefined,
): Promise<void> {
  await ctx.limits.takeForAccount('contact-change', holder.accountId);
  const now = ctx.clock.now();
  const wanted = usernameKey(username);
  await changeWithProof(ctx, holder, proof, async (trx) => {
    const { username: old } = await queries.findOwner(trx, holder.accountId);
    if (old === wanted) return;
    const id = newId(now);
    await queries.replaceWaiting(trx, {
      id,
      account_id: holder.accountId,
      kind: 'username',
      old_value: old,
      old_key: old,
      new_value: wanted,
      new_key: wanted,
      requested_at: now,
      expires_at: new Date(now.getTime() + 1),
    });
    if (!(await putIntoForce(trx, ctx, holder, id, now))) throw new Problem('account-exists');
  });
}
