import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { renderUnicodeCompact } from 'uqr';
import type { Terminal } from './terminal.ts';

type Input = { url?: string; token?: string };
type Answered = { isOk: boolean; body: Record<string, unknown> };

/** `holdfast agent enrol`: for the agent, on a machine of their own; it talks to the service alone, as any program may. */
export function addEnrolCommand(agents: Command, publicUrl: () => string, open: () => Terminal): void {
  agents
    .command('enrol')
    .description('set your own password and authenticator, with the token that was mailed to you')
    .option('--url <address>', 'where the service is, if not at PUBLIC_URL', readUrl)
    .option('--token <token>', 'the token; without it you are asked, which leaves it in no history')
    .action(async ({ url, token: given }: Input) => {
      const terminal = open();
      try {
        const isEnrolled = await enrol(terminal, url ?? publicUrl(), given);
        if (!isEnrolled) process.exitCode = 1;
      } finally {
        terminal.close();
      }
    });
}

async function enrol({ ask, print }: Terminal, url: string, given: string | undefined): Promise<boolean> {
  const token = given ?? (await ask('Token: ', 'hidden')).trim();
  const password = await ask('New password: ', 'hidden');
  if (password !== (await ask('The same again: ', 'hidden'))) return refuse(print, 'The two differ.');
  const started = await post(url, '/v1/agent/auth/enrolment', { token, password });
  if (!started.isOk) return refuse(print, reasonOf(started));
  const { secret, otpauthUri } = started.body;
  print(`${renderUnicodeCompact(String(otpauthUri), { ecc: 'L', border: 1 })}\n${otpauthUri}\nSecret: ${secret}`);
  print('Put it into an authenticator app. It is shown this once.');
  for (;;) {
    const code = (await ask('First code: ', 'shown')).trim();
    const confirmed = await post(url, '/v1/agent/auth/enrolment/confirm', { token, code });
    if (confirmed.isOk) {
      print('Done. You can sign in with your password and the next code.');
      return true;
    }
    refuse(print, reasonOf(confirmed));
    if (confirmed.body['code'] !== 'invalid-code') return false;
  }
}

function refuse(print: Terminal['print'], why: string): false {
  print(why);
  return false;
}

const reasonOf = ({ body }: Answered) =>
  `${String(body['detail'] ?? body['title'] ?? 'The service refused').replace(/\.$/, '')}.`;

async function post(url: string, path: string, body: object): Promise<Answered> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
  }).catch(() => undefined);
  if (!answer) return { isOk: false, body: { title: `Nothing answers at ${url}` } };
  return { isOk: answer.ok, body: (await answer.json().catch(() => ({}))) as Answered['body'] };
}

/** A password goes over no open line. */
function readUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isSafe = url?.protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
  if (!isSafe) throw new InvalidArgumentError('must be an address that begins with https://');
  return value.replace(/\/+$/, '');
}
