type Traded = { refresh_generation: number; refreshed_at: Date | null };

/**
 * Whether this refresh token is the one before the current one, traded less than `grace` milliseconds ago: then its answer
 * may have got lost, and it has the same successor again. Anything older was used twice.
 */
export function isRepeatable(session: Traded, generation: number, grace: number, now: Date): boolean {
  if (session.refresh_generation !== generation + 1 || session.refreshed_at === null) return false;
  return grace > 0 && now.getTime() - session.refreshed_at.getTime() < grace;
}
