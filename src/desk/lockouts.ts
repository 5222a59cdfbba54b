import type { Context } from '../context.ts';
import { listDevices } from '../devices/own-devices.ts';
import { counterKey, deviceCounterKey, readCounters } from '../lockout/attempts.ts';
import { listIdentifiers } from '../passwords/passwords.ts';
import { type Door, doorKey, doors, proving } from '../second-factors/doors.ts';

const MOST_DEVICES = 200;

/** A door of an account that guessing can lock, each with a counter of its own. */
type LockableDoor = {
  factor: 'password' | Door;
  /** What a code at it is for; of a password it is always to sign in. */
  purpose: (typeof proving)[number];
  /** By which the strangers' counter goes; null where a known device has its own, and for codes. */
  identifier: string | null;
  /** The known device whose counter it is; null for that of strangers. */
  deviceId: string | null;
  key: Buffer;
};

/** Every door of this account that guessing can lock, also those that nobody tried. */
export async function listDoors(ctx: Context, accountId: string): Promise<LockableDoor[]> {
  const [identifiers, devices] = await Promise.all([
    listIdentifiers(ctx.urgentDb, accountId),
    listDevices(ctx, accountId, { limit: MOST_DEVICES }),
  ]);
  const deviceIds = devices.map(({ id }) => id);
  const password = { factor: 'password', purpose: 'sign-in' } as const;
  const over = { identifier: null, deviceId: null, key: counterKey(ctx, 'account', accountId) };
  return [
    ...identifiers.map((identifier) => {
      return { ...password, identifier, deviceId: null, key: counterKey(ctx, 'identifier', identifier) };
    }),
    { ...password, ...over },
    ...deviceIds.map((deviceId) => ({ ...password, identifier: null, deviceId, key: deviceCounterKey(deviceId) })),
    ...[null, ...deviceIds].flatMap((deviceId) =>
      doors.flatMap((factor) =>
        proving.map((purpose) => {
          const key = doorKey(ctx, { accountId, deviceId: deviceId ?? undefined, purpose }, factor);
          return { factor, purpose, identifier: null, deviceId, key };
        }),
      ),
    ),
  ];
}

/** How it stands with the account's doors: with those of its identifiers always, with others where somebody failed. */
export async function readLockouts(ctx: Context, accountId: string) {
  const all = await listDoors(ctx, accountId);
  const counters = await readCounters(
    ctx,
    all.map(({ key }) => key),
  );
  return all
    .map(({ key, ...door }, place) => {
      const { failures = 0, locks = 0, lockedUntil } = counters[place] ?? {};
      return { ...door, failures, locks, lockedUntil: lockedUntil?.toISOString() ?? null };
    })
    .filter((door) => door.identifier !== null || door.failures > 0 || door.lockedUntil !== null);
}
