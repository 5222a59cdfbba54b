/** A hold on everything, as far as it stood. */
export type Freeze = {
  since: Date;
  until: Date | null;
  releasedAt: Date | null;
  releaseReason: string | null;
};

/** A time without a gap in which the account was frozen; several holds may make one. */
export type Containment = { from: Date; ended: { at: Date; reason: string | null } | undefined };

/** When the account was last contained, and how that ended if it did; undefined where it never was. */
export function lastContainment(freezes: readonly Freeze[], now: Date): Containment | undefined {
  let last: Containment | undefined;
  for (const freeze of freezes.toSorted((a, b) => a.since.getTime() - b.since.getTime())) {
    const ended = endOf(freeze, now);
    if (!last || (last.ended && freeze.since > last.ended.at)) last = { from: freeze.since, ended };
    else if (last.ended && (!ended || ended.at >= last.ended.at)) last = { from: last.from, ended };
  }
  return last;
}

function endOf({ until, releasedAt, releaseReason }: Freeze, now: Date): Containment['ended'] {
  if (releasedAt) return { at: releasedAt, reason: releaseReason };
  return until && until <= now ? { at: until, reason: null } : undefined;
}

/** Ways out that asked for proof; a mistake undone or a hold that ran out leads nobody back. */
export function isWayBack(containment: Containment | undefined): boolean {
  return ['restored', 'owner', 'break-glass'].includes(containment?.ended?.reason ?? '');
}

/** Whether it was taken back as none that was needed: then it asks for no way back. */
export function isTakenBack(containment: Containment): boolean {
  return ['mistake', 'false-positive', 'undone', 'unconfirmed'].includes(containment.ended?.reason ?? '');
}
