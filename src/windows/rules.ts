/** From when until when somebody else may have been in an account; without an end it is not over. */
export type Window = { from: Date; until?: Date | undefined };

/** Whether something came to be while somebody else may have been in the account: then it may be theirs. */
export function isBornInside({ from, until }: Window, bornAt: Date): boolean {
  return bornAt >= from && (until === undefined || bornAt <= until);
}

/** Whether `next` leaves out anything that `held` held: what one person may not do alone. */
export function isNarrower(next: Window, held: Window): boolean {
  if (next.from > held.from) return true;
  if (next.until === undefined) return false;
  return held.until === undefined || next.until < held.until;
}
