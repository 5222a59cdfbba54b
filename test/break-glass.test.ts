import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addBreakGlassCommand } from '../src/releases/break-glass-command.ts';
import { type Harness, newAgent, openHarness, type TestAgent } from './support/harness.ts';
import { press } from './support/lost-factor.ts';
import { HOUR, newFrozen, plantHold, standing } from './support/release.ts';
import { count, mailedToken, newAccount } from './support/seed.ts';

let h: Harness;
let agent: TestAgent;
let admin: TestAgent;
beforeAll(async () => {
  h = await openHarness();
  [agent, admin] = [await newAgent(h), await newAgent(h, 'admin')];
});
afterAll(() => h.close());

/** The command as it stands in the program, on the service's own database; what it printed. */
async function breakGlass(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const program = new Command().exitOverride().configureOutput({ writeErr: (text) => lines.push(text) });
  addBreakGlassCommand(
    program,
    { kind: 'system' },
    (work) => work(h.instance.ctx),
    (line) => lines.push(line),
  );
  for (const command of program.commands.flatMap((each) => [each, ...each.commands]))
    command.exitOverride().configureOutput({ writeErr: (text) => lines.push(text) });
  await program
    .parseAsync(['node', 'holdfast', 'break-glass', 'release', ...args])
    .catch((error: Error & { code?: string }) => {
      lines.push(error.code ?? error.message);
    });
  const exitCode = process.exitCode ?? 0;
  process.exitCode = undefined;
  return `${exitCode}: ${lines.join('\n').trim()}`;
}

const note = ['--note', 'Both admins are away'];

describe('holdfast break-glass release', () => {
  it('lifts a hold that stood for 24 hours, with all that a release does; owner and everybody here are told', async () => {
    const { accountId, holdId, email } = await newFrozen(h, agent);
    const early = await breakGlass('--hold', holdId, ...note, '--yes');
    expect(early).toBe(`1: Left hold ${holdId}: it has not stood for 24 hours.`);
    h.clock.advance(24 * HOUR);
    expect(await breakGlass('--hold', holdId, ...note, '--yes')).toMatch(/^0: Released hold/);
    expect(await standing(h, accountId)).toEqual(['policy withdrawals']);
    const [row] = (await h.pool.query('select release_reason, released_by from holds where id = $1', [holdId])).rows;
    expect(row).toEqual({ release_reason: 'break-glass', released_by: null });
    for (const type of ['hold.released', 'break-glass.used'])
      expect(await count(h, 'events', accountId, `type = '${type}' and detail->>'note' = 'Both admins are away'`)).toBe(
        1,
      );
    for (const to of [agent.email, admin.email]) {
      const told = (await h.mails(to)).filter(({ subject }) => subject === 'Break-glass was used at Holdfast');
      expect(told).toHaveLength(1);
      expect(told[0]?.text).not.toContain('#token=');
    }
    expect((await h.mails(email))[0]?.subject).toMatch(/open again/);
    expect((await press(h, await mailedToken(h, email, 'freeze'))).status).toBe(200);
  });

  it('lifts all of an account but what ends by itself and what is too young', async () => {
    const { accountId } = await newAccount(h);
    const old = new Date(h.clock.now().getTime() - 25 * HOUR);
    const released = [];
    for (const source of ['owner', 'agent', 'rule', 'legal'])
      released.push(await plantHold(h, accountId, { source, since: old }));
    const cool = await plantHold(h, accountId, { source: 'policy', scope: 'withdrawals', since: old });
    const young = await plantHold(h, accountId, { source: 'agent', scope: 'payments' });
    const printed = JSON.parse((await breakGlass('--account', accountId, ...note, '--yes', '--json')).slice(3));
    expect(printed.released.sort()).toEqual(released.sort());
    expect(printed.left).toEqual(
      expect.arrayContaining([
        { holdId: cool, why: 'ends-by-itself' },
        { holdId: young, why: 'too-early' },
      ]),
    );
  });

  it('asks first, and without a terminal to ask on does nothing', async () => {
    const { accountId } = await newAccount(h);
    const holdId = await plantHold(h, accountId, {
      source: 'agent',
      since: new Date(h.clock.now().getTime() - 25 * HOUR),
    });
    expect(await breakGlass('--hold', holdId, ...note)).toBe('1: Nothing was released. Say --yes if that is meant.');
    expect(await standing(h, accountId)).toEqual(['agent all']);
  });

  it('says what is wrong: no hold named, no reason, no such hold, one that is over', async () => {
    const { accountId } = await newAccount(h);
    expect(await breakGlass(...note, '--yes')).toContain('name --hold or --account');
    expect(await breakGlass('--account', accountId, '--yes')).toContain("'--note <text>' not specified");
    expect(await breakGlass('--hold', 'x', ...note, '--yes')).toContain('must be an id');
    expect(await breakGlass('--hold', accountId, ...note, '--yes')).toContain('not-found');
    expect(await breakGlass('--account', accountId, ...note, '--yes')).toBe(
      `1: No hold stands on account ${accountId}.`,
    );
  });

  it('run sixteen times at once lifts once', async () => {
    const { accountId } = await newAccount(h);
    const holdId = await plantHold(h, accountId, {
      source: 'agent',
      since: new Date(h.clock.now().getTime() - 25 * HOUR),
    });
    await Promise.all(Array.from({ length: 16 }, () => breakGlass('--hold', holdId, ...note, '--yes')));
    expect(await count(h, 'events', accountId, `type = 'break-glass.used'`)).toBe(1);
  });
});
