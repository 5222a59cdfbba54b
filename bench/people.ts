import pg from 'pg';
import { type Call, Connection, type Reply, type Target } from './client.ts';
import type { Work } from './load.ts';

const MAKERS = 4;

/** Somebody with an account, a browser of their own and a session on both sides. */
export type Person = {
  identifier: string;
  /** Nobody else's: one password tried on many accounts is what an attack looks like. */
  password: string;
  ip: string;
  deviceToken: string | undefined;
  accessToken: string;
  floorToken: string;
};

/** Makes the accounts through the API, then the floor's own rows for the same people with the same hashes. */
export async function makePeople(service: Target, databaseUrl: string, apiKey: string, count: number) {
  const people = Array.from({ length: count }, (_, number) => newPerson(number));
  await inLanes(service, people, async (connection, { identifier, password, ip }) => {
    const body = { email: identifier, emailConfirmed: true, password };
    await expectStatus(connection, { method: 'POST', path: '/v1/server/accounts', token: apiKey, ip, body }, 201);
  });
  await signAllIn(service, people);
  await copyToFloor(databaseUrl, people);
  return people;
}

function newPerson(number: number): Person {
  const ip = `10.0.${Math.floor(number / 250)}.${1 + (number % 250)}`;
  return {
    identifier: `person${number}@example.com`,
    password: `correct horse battery staple ${number}`,
    ip,
    deviceToken: undefined,
    accessToken: '',
    floorToken: '',
  };
}

/** Access tokens live five minutes: whoever measures session checks asks for new ones first. */
export async function signAllIn(service: Target, people: readonly Person[]): Promise<void> {
  await inLanes(service, people, async (connection, person) => {
    const reply = await expectStatus(connection, signInCall(person), 200);
    renewDevice(person, reply);
    person.accessToken = JSON.parse(reply.body).accessToken;
  });
}

export function signInCall({ identifier, password, ip, deviceToken }: Person): Call {
  return { method: 'POST', path: '/v1/auth/sign-in', ip, body: { identifier, password, deviceToken } };
}

export function floorSignInCall({ identifier, password }: Person): Call {
  return { method: 'POST', path: '/sign-in', body: { identifier, password } };
}

/** A browser shows the token it was given last. */
export function renewDevice(person: Person, reply: Reply): void {
  person.deviceToken = JSON.parse(reply.body).deviceToken;
}

/** Each connection goes round its own share of the people, so that nobody has two requests in flight. */
export function eachTheirOwn(
  people: readonly Person[],
  connections: number,
  call: (person: Person) => Call,
  take?: (person: Person, reply: Reply) => void,
): Work {
  const turns = new Array<number>(connections).fill(0);
  const perLane = Math.floor(people.length / connections);
  const personOf = (lane: number) => people[lane + connections * ((turns[lane] ?? 0) % perLane)] as Person;
  return {
    next: (lane) => call(personOf(lane)),
    take(lane, reply) {
      take?.(personOf(lane), reply);
      turns[lane] = (turns[lane] ?? 0) + 1;
    },
  };
}

async function inLanes(
  service: Target,
  people: readonly Person[],
  act: (connection: Connection, person: Person) => Promise<void>,
): Promise<void> {
  const queue = people.values();
  const lane = async () => {
    const connection = new Connection(service);
    for (const person of queue) await act(connection, person);
    connection.close();
  };
  await Promise.all(Array.from({ length: MAKERS }, lane));
}

async function expectStatus(connection: Connection, call: Call, status: number): Promise<Reply> {
  const reply = await connection.send(call);
  if (reply.status !== status) throw new Error(`${call.path} answered ${reply.status}: ${reply.body}`);
  return reply;
}

async function copyToFloor(databaseUrl: string, people: readonly Person[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`
    create schema bench;
    create table bench.people (identifier text primary key, account_id uuid not null, hash text not null);
    insert into bench.people
      select i.value, i.account_id, p.hash from identifiers i join passwords p on p.account_id = i.account_id;
    create table bench.sessions (token uuid primary key, account_id uuid not null, created_at timestamptz not null);
    insert into bench.sessions select gen_random_uuid(), account_id, now() from bench.people;
    analyze`);
  const { rows } = await client.query(
    'select p.identifier, s.token from bench.people p join bench.sessions s using (account_id)',
  );
  const tokens = new Map(rows.map((row) => [row.identifier, row.token]));
  for (const person of people) person.floorToken = tokens.get(person.identifier);
  await client.end();
}
