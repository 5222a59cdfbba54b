/**
 * Freezes, reports, agents and health under a flood of sign-ins at twenty times what the service can hash, against the same
 * in calm; each round of one beside a round of the other. `--quick` takes a minute. Every stranger is hashed: what makes
 * them work for it first is off.
 */
import { availableParallelism, loadavg } from 'node:os';
import { generateSync } from 'otplib';
import { type Call, Connection, type Target } from './client.ts';
import { type Flooded, startFlood } from './flooding.ts';
import { load, quantile } from './load.ts';
import { eachTheirOwn, type Person, renewDevice, signInCall } from './people.ts';
import { openStage } from './stage.ts';
import { type Row, renderRows } from './table.ts';

const isQuick = process.argv.includes('--quick');
const ROUNDS = isQuick ? 2 : 12;
const EACH = isQuick ? 25 : 30;
const TIMES = 20;
const CONNECTIONS = 512;
const PAUSE_MS = 20;
const BAR = 3;
const began = performance.now();

function say(text: string): void {
  const load = loadavg()[0]?.toFixed(1);
  console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text} (load ${load})`);
}

const note = { reasonCode: 'account-takeover', note: 'bench' };
const idOf = (token: string): string => JSON.parse(String(Buffer.from(token.split('.')[1] ?? '', 'base64url'))).sub;

type Kind = { what: string; call(person: Person): Call };
type Samples = Map<string, number[]>;

/** Each person is reported, then frozen, once, by one of those who may. */
function kindsOf(apiKey: string, agentToken: string): Kind[] {
  const post = (path: string, token: string, body: object, ip?: string): Call => ({
    ...{ method: 'POST', path, token, body },
    ...(ip === undefined ? {} : { ip }),
  });
  return [
    {
      what: 'report',
      call: ({ accessToken, ip }) => post('/v1/me/reports', accessToken, { kind: 'takeover', message: 'Help' }, ip),
    },
    { what: 'freeze by owner', call: ({ accessToken, ip }) => post('/v1/me/freeze', accessToken, {}, ip) },
    {
      what: 'freeze by agent',
      call: ({ accessToken }) => post(`/v1/agent/accounts/${idOf(accessToken)}/freeze`, agentToken, note),
    },
    {
      what: 'freeze by host',
      call: ({ accessToken }) => post(`/v1/server/accounts/${idOf(accessToken)}/freeze`, apiKey, note),
    },
    { what: 'agent reads', call: () => ({ method: 'GET', path: '/v1/agent/cases', token: agentToken }) },
    { what: 'health', call: () => ({ method: 'GET', path: '/health/ready' }) },
  ];
}

/** One lane for each kind, each with people nobody else touches; a lane that is not answered with a 2xx ends the run. */
async function probe(target: Target, kinds: Kind[], people: Iterator<Person>, into: Samples): Promise<void> {
  await Promise.all(
    kinds.map(async ({ what, call }) => {
      const connection = new Connection(target);
      const samples = into.get(what) ?? [];
      into.set(what, samples);
      for (let count = 0; count < EACH; count += 1) {
        const { value } = people.next();
        if (!value) throw new Error('there are too few people');
        const from = performance.now();
        const { status, body } = await connection.send(call(value));
        samples.push(performance.now() - from);
        if (status >= 300) throw new Error(`${what} answered ${status}: ${body}`);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      connection.close();
    }),
  );
}

const share = (samples: readonly number[] | undefined, part: number) =>
  quantile(
    (samples ?? []).toSorted((a, b) => a - b),
    part,
  );

function rowOf(what: string, calm: Samples, flooded: Samples): Row {
  const show = (samples: Samples) => [0.5, 0.99].map((part) => share(samples.get(what), part).toFixed(1)).join(' / ');
  const ratio = share(flooded.get(what), 0.99) / share(calm.get(what), 0.99);
  return {
    what: `${what}, ms p50 / p99`,
    ours: show(flooded),
    against: show(calm),
    ratio: `p99 × ${ratio.toFixed(2)}`,
    bar: `< ${BAR}`,
    passes: ratio < BAR,
  };
}

say(`${availableParallelism()} cores, Node ${process.versions.node}: making people`);
const kindCount = 6;
const stage = await openStage(ROUNDS * 2 * kindCount * EACH, { policy: 'stuffing:\n  mode: off\n' });
try {
  const { service, people, apiKey } = stage;
  const made = await stage.command<{ email: string; password: string; totpSecret: string }>([
    'agent',
    'create',
    '--email',
    'kim@example.com',
    '--name',
    'Kim',
    '--role',
    'admin',
  ]);
  const connection = new Connection(service);
  const code = generateSync({ secret: made.totpSecret, epoch: Math.floor(Date.now() / 1000) });
  const entry = { email: made.email, password: made.password, code };
  const signedIn = await connection.send({ method: 'POST', path: '/v1/agent/auth/sign-in', body: entry });
  connection.close();
  if (signedIn.status !== 200) throw new Error(`the agent was answered ${signedIn.status}`);
  const target = { host: service.host, port: service.port };
  const kinds = kindsOf(apiKey, JSON.parse(signedIn.body).accessToken);

  say('how many sign-ins it can take');
  const work = eachTheirOwn(people.slice(0, 64), 16, signInCall, renewDevice);
  const capacity = (await load({ target: service, connections: 16, work }, 3_000)).perSecond;
  const [calm, flooded]: [Samples, Samples] = [new Map(), new Map()];
  const floods: Flooded[] = [];
  const queue = people.slice(64).concat(people.slice(0, 64)).values();
  for (let round = 0; round < ROUNDS; round += 1) {
    say(`round ${round + 1}: calm`);
    await probe(service, kinds, queue, calm);
    say(`round ${round + 1}: ${TIMES} × ${capacity.toFixed(0)} sign-ins a second`);
    const flood = startFlood({ target, people, perSecond: TIMES * capacity, connections: CONNECTIONS });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await probe(service, kinds, queue, flooded);
    floods.push(await flood.stop());
  }
  const counts = new Map<number, number>();
  for (const { statuses } of floods)
    for (const [status, n] of statuses) counts.set(status, (counts.get(status) ?? 0) + n);
  const failures = [...counts].filter(([status]) => status >= 500 && status !== 503).reduce((sum, [, n]) => sum + n, 0);
  const sent = floods.reduce((sum, { perSecond }) => sum + perSecond, 0) / floods.length;
  const rows = kinds.map(({ what }) => rowOf(what, calm, flooded));
  rows.push({
    what: '5xx but 503',
    ours: String(failures),
    against: '',
    ratio: '',
    bar: '0',
    passes: failures === 0,
  });
  const answers = [...counts].toSorted(([a], [b]) => a - b).map(([status, n]) => `${status}: ${n}`);
  say(`flooded with ${sent.toFixed(0)} a second, × ${(sent / capacity).toFixed(1)}; answers ${answers.join(', ')}`);
  console.log(`\n${renderRows(rows)}\n`);
  if (rows.some(({ passes }) => passes === false)) process.exitCode = 1;
} finally {
  await stage.stop();
}
