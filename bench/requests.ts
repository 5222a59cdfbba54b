import type { Load } from './load.ts';
import { eachTheirOwn, floorSignInCall, renewDevice, signInCall } from './people.ts';
import type { Side } from './rounds.ts';
import type { Stage } from './stage.ts';

const SIGN_INS = 8;
const CHECKS = 16;

/** What is compared: a request to the service and the least that does the same work. */
export type Pair = { ours: Side; floor: Side };

/** From a browser that the account knows, which renews its token every time. */
export function signIn(stage: Stage): Pair {
  return signInPair(stage, (person) => signInCall(person), renewDevice);
}

/** From a browser never seen before, which the service remembers and mails the owner about. */
export function signInFromNewBrowser(stage: Stage): Pair {
  return signInPair(stage, (person) => signInCall({ ...person, deviceToken: undefined }));
}

function signInPair(stage: Stage, call: typeof signInCall, take?: typeof renewDevice): Pair {
  const { people } = stage;
  return {
    ours: side(stage.service, SIGN_INS, eachTheirOwn(people, SIGN_INS, call, take)),
    floor: side(stage.floor, SIGN_INS, eachTheirOwn(people, SIGN_INS, floorSignInCall)),
  };
}

export function introspect(stage: Stage, connections = CHECKS): Pair {
  const { people, apiKey } = stage;
  const ours = eachTheirOwn(people, connections, ({ accessToken: token }) => ({
    method: 'POST',
    path: '/v1/server/sessions/introspect',
    token: apiKey,
    body: { token },
  }));
  const floor = eachTheirOwn(people, connections, ({ floorToken: token }) => ({
    method: 'POST',
    path: '/introspect',
    body: { token },
  }));
  return { ours: side(stage.service, connections, ours), floor: side(stage.floor, connections, floor) };
}

export function readMe(stage: Stage, connections = CHECKS): Pair {
  const { people } = stage;
  const ours = eachTheirOwn(people, connections, ({ accessToken: token }) => ({
    method: 'GET',
    path: '/v1/me',
    token,
  }));
  const floor = eachTheirOwn(people, connections, ({ floorToken: token }) => ({ method: 'GET', path: '/me', token }));
  return { ours: side(stage.service, connections, ours), floor: side(stage.floor, connections, floor) };
}

function side(target: Stage['service'], connections: number, work: Load['work']): Side {
  return { target, pid: target.pid, connections, work };
}
