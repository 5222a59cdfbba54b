import { load } from './load.ts';
import { eachTheirOwn, renewDevice, signInCall } from './people.ts';
import { type Compared, compare, type Pace, type Side } from './rounds.ts';
import type { Stage } from './stage.ts';

const SIGN_INS = 16;

/** The same session check with 16 sign-ins in flight (ours) and without them (against). */
export async function compareUnderFlood(stage: Stage, check: Side, pace: Pace): Promise<Compared> {
  const work = eachTheirOwn(stage.people, SIGN_INS, signInCall, renewDevice);
  const beside = (ms: number) => load({ target: stage.service, connections: SIGN_INS, work }, ms);
  return await compare({ ...check, beside }, check, stage.databasePid, pace);
}
