import type { Holder } from '../second-factors/totp.ts';

/** What every event of a signed-in owner's change says of them. */
export function ownerEvent(holder: Holder) {
  return {
    actor: { kind: 'owner', id: holder.accountId } as const,
    accountId: holder.accountId,
    sessionId: holder.sessionId,
    deviceId: holder.deviceId ?? undefined,
    client: holder.client,
  };
}
