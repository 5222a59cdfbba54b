import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addEnrolCommand } from '../src/agent-enrolment/command.ts';
import { totpCode } from './support/harness.ts';
import { openServed, type Served } from './support/served.ts';
import { CHOSEN, newAdmins, newInvited, signInAgent } from './support/staff.ts';

let h: Served;
beforeAll(async () => {
  h = await openServed();
});
afterAll(() => h.close());

/** The command as it stands in the program, with somebody who types these answers; what they saw. */
async function enrol(answers: (string | ((seen: string) => string))[], ...args: string[]) {
  const seen: string[] = [];
  const hidden: string[] = [];
  const program = new Command().exitOverride().configureOutput({ writeErr: (text) => seen.push(text) });
  const terminal = {
    async ask(question: string, how: 'shown' | 'hidden') {
      if (how === 'hidden') hidden.push(question);
      const next = answers.shift() ?? '';
      return typeof next === 'string' ? next : next(seen.join('\n'));
    },
    print: (line: string) => void seen.push(line),
    close: () => undefined,
  };
  addEnrolCommand(
    program,
    () => h.origin,
    () => terminal,
  );
  for (const each of program.commands) each.exitOverride().configureOutput({ writeErr: (text) => seen.push(text) });
  await program.parseAsync(['node', 'agent', 'enrol', ...args]).catch((error: Error) => seen.push(error.message));
  const exitCode = process.exitCode ?? 0;
  process.exitCode = undefined;
  return { exitCode, seen: seen.join('\n'), hidden };
}

const secretIn = (seen: string) => /Secret: (\w+)/.exec(seen)?.[1] ?? '';

describe('holdfast agent enrol', () => {
  it('takes the token, a password and the first code, a wrong one first, over HTTP alone', async () => {
    const { email, token } = await newInvited(h, await newAdmins(h));
    const right = (seen: string) => totpCode(secretIn(seen), h.clock.now());
    const { exitCode, seen, hidden } = await enrol([token, CHOSEN, CHOSEN, '000000', right]);
    expect([exitCode, hidden]).toEqual([0, ['Token: ', 'New password: ', 'The same again: ']]);
    expect(seen).toContain('otpauth://totp/Holdfast:');
    expect(seen).toContain('The code is wrong or was used before.\n');
    expect(seen).not.toContain(CHOSEN);
    h.clock.advance(30_000);
    expect((await signInAgent(h, email, CHOSEN, totpCode(secretIn(seen), h.clock.now()))).status).toBe(200);
  });

  it('says what is wrong: two passwords, a weak one, a token of nobody, a line that others can read', async () => {
    const { token } = await newInvited(h, await newAdmins(h));
    const tries = [
      [await enrol([token, CHOSEN, 'another']), 'The two differ.'],
      [await enrol(['password1234', 'password1234'], '--token', token), 'everybody tries first'],
      [await enrol(['x'.repeat(49), CHOSEN, CHOSEN]), 'The token is unknown'],
      [await enrol([token], '--url', 'http://id.example.com'), 'must be an address that begins with https://'],
    ] as const;
    for (const [{ seen }, text] of tries) expect(seen).toContain(text);
    expect(tries.slice(0, 3).map(([{ exitCode }]) => exitCode)).toEqual([1, 1, 1]);
  });
});
