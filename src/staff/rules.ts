import type { Policy } from '../policy.ts';
import { plus } from '../time.ts';

export const changeKinds = ['make', 'role', 'reset', 'enable', 'disable', 'unlock'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** Why it ended without being carried out: `unfit` where the agent is no longer as it was wished for. */
export const endReasons = ['rejected', 'expired', 'unfit', 'requester-gone'] as const;
export type EndReason = (typeof endReasons)[number];

export const statuses = ['pending', 'scheduled', 'done', 'rejected', 'cancelled', 'expired'] as const;
export type Status = (typeof statuses)[number];

/** Where one person works alone, time stands in for the second one's yes. */
export function soloEffectiveAt(policy: Policy, now: Date): Date | undefined {
  return policy['approvals.solo'] === 'true' ? plus(now, policy['approvals.soloDelay']) : undefined;
}

/** What the rules ask of an agent as they are. */
type Subject = { id: string; role: string; disabled_at: Date | null; password_hash: string | null };
type Unfit = 'agent-unchanged' | 'agent-disabled' | 'last-admin';

/**
 * What stands against a change of this agent as they are now; undefined where nothing does. `admins` are those who could act:
 * neither disabled nor still to enrol.
 */
export function findUnfitness(
  { kind, role }: { kind: ChangeKind; role: string | null },
  agent: Subject,
  admins: readonly string[],
): Unfit | undefined {
  const isDisabled = agent.disabled_at !== null;
  if (kind === 'enable') return isDisabled ? undefined : 'agent-unchanged';
  if (kind === 'disable' && isDisabled) return 'agent-unchanged';
  if (isDisabled) return 'agent-disabled';
  if (kind === 'role' && agent.role === role) return 'agent-unchanged';
  const isLastAdmin = admins.includes(agent.id) && admins.length === 1;
  return isLastAdmin && kind !== 'unlock' ? 'last-admin' : undefined;
}

/** What whoever it is about must leave to others: they would keep a power that is to be taken from them. */
export function isTakingAway({ kind }: { kind: ChangeKind }): boolean {
  return kind === 'disable' || kind === 'role';
}
