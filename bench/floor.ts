/** The least that a sign-in and a session check can be on this stack; what the service adds is measured against it. */
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { serve } from '@hono/node-server';
import { verify } from '@node-rs/argon2';
import { type Context, Hono } from 'hono';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
const app = new Hono();

app.get('/live', (c) => c.json({ status: 'live' }));

app.post('/sign-in', async (c) => {
  const { identifier, password } = await c.req.json();
  const found = await pool.query({
    name: 'find-person',
    text: 'select account_id, hash from bench.people where identifier = $1',
    values: [identifier],
  });
  const person = found.rows[0];
  if (!(await oneOfFew(() => verify(person.hash, password)))) return c.json({ error: 'wrong' }, 401);
  const token = randomUUID();
  await pool.query({
    name: 'insert-session',
    text: 'insert into bench.sessions (token, account_id, created_at) values ($1, $2, $3)',
    values: [token, person.account_id, new Date()],
  });
  return c.json({ token });
});

app.post('/introspect', async (c) => {
  const { token } = await c.req.json();
  return await answerSession(c, token);
});

app.get('/me', async (c) => await answerSession(c, c.req.header('authorization')?.slice('Bearer '.length) ?? ''));

async function answerSession(c: Context, token: string): Promise<Response> {
  const { rows } = await pool.query({
    name: 'find-session',
    text: 'select account_id, created_at from bench.sessions where token = $1',
    values: [token],
  });
  return rows[0] ? c.json({ active: true, sub: rows[0].account_id }) : c.json({ active: false }, 401);
}

const slots = availableParallelism();
const waiting: (() => void)[] = [];
let running = 0;

/** As many hashes at once as there are cores; more make each slower. */
async function oneOfFew<T>(work: () => Promise<T>): Promise<T> {
  if (running < slots) running += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
  console.log(`The floor serves http://127.0.0.1:${port}`),
);
process.on('SIGTERM', () => {
  server.close();
  void pool.end().then(() => process.exit(0));
});
