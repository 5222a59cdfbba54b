import type { Standing } from './standing.ts';

/** How far a case's owner is verified, as an agent sees it. */
export function showVerification({ proofs, ...reached }: Standing) {
  return {
    ...reached,
    proofs: proofs.map((proof) => ({
      id: proof.id,
      kind: proof.kind,
      note: proof.note,
      by: proof.agent_id,
      at: proof.verified_at.toISOString(),
      counts: proof.counts,
    })),
  };
}
