/**
 * Plays the story that Holdfast exists for against a running service, as its owner, thief, host and agent would:
 * `npm run story [URL]`. With `--serve` it starts a service of its own and stops it afterwards.
 */
import { randomBytes } from 'node:crypto';
import { openAccount } from './story/account.ts';
import { Authenticator } from './story/authenticator.ts';
import { type Call, callerOf, expectStatus, StoryError } from './story/call.ts';
import { freezeAccount, type Staff } from './story/freeze.ts';
import { ownService, runningService, type Service } from './story/host-process.ts';
import { openTeller, type Teller } from './story/tell.ts';

const DEFAULT_URL = 'http://localhost:3000';
const SCOPES = 'sessions:read,transactions:write';

async function hireStaff(service: Service, call: Call, { step }: Teller): Promise<Staff> {
  let apiKey = '';
  let agentToken = '';
  await step('service', 'makes an API key for the host', async () => {
    const made = await service.command<{ apiKey: string }>('api-key', 'create', '--name', 'story', '--scopes', SCOPES);
    apiKey = made.apiKey;
    return SCOPES;
  });
  await step('agent', 'is made on the command line, and signs in', async () => {
    const email = `agent-${randomBytes(5).toString('hex')}@example.com`;
    const who = ['--email', email, '--name', 'Kim', '--role', 'agent'];
    const made = await service.command<{ password: string; totpSecret: string }>('agent', 'create', ...who);
    const code = await new Authenticator(made.totpSecret).nextCode();
    const body = { email, password: made.password, code };
    agentToken = expectStatus(await call('POST', '/v1/agent/auth/sign-in', { body }), 200).body.accessToken;
    return email;
  });
  return { apiKey, agentToken };
}

async function play(service: Service): Promise<void> {
  console.log(`The story at ${service.url}\n`);
  const call = callerOf(service.url);
  const teller = openTeller();
  const staff = await hireStaff(service, call, teller);
  const owner = await openAccount(call, teller);
  await freezeAccount(call, teller, owner, staff);
  teller.close();
}

const args = process.argv.slice(2);
const url = args.find((arg) => !arg.startsWith('--')) ?? DEFAULT_URL;
const service = args.includes('--serve') ? await ownService() : runningService(url);
try {
  await play(service);
} catch (error) {
  process.exitCode = 1;
  console.error(error instanceof StoryError ? `\n${error.message}` : error);
} finally {
  await service.stop();
}
