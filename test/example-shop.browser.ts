import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { newApiKey, PASSWORD, totpCode } from './support/harness.ts';
import { enrol, newAccount, signIn } from './support/seed.ts';

const folder = resolve(import.meta.dirname, '../examples/shop');

/** The example as a process, once it says where it is. */
async function start(file: string, env: Record<string, string>) {
  const all = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/tmp', ...env };
  const child: ChildProcess = spawn(process.execPath, [resolve(folder, file)], {
    env: all,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const url = await new Promise<string>((found, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      output?.on('data', (chunk) => {
        printed += chunk;
        const open = /^The shop is open at (\S+)$/m.exec(printed)?.[1];
        if (open !== undefined) found(open);
      });
    }
    child.once('exit', () => reject(new Error(printed)));
  });
  return {
    url,
    printed: () => printed,
    async end() {
      child.kill('SIGTERM');
      const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
      return code;
    },
  };
}

describe('the example shop', () => {
  let h: BrowserHarness;
  let shop: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    h = await openBrowserHarness({ env: { TRUSTED_PROXIES: '127.0.0.1' } });
    const key = await newApiKey(h, ['accounts:read', 'sessions:read', 'transactions:write']);
    shop = await start('server.ts', { HOLDFAST_URL: h.origin, HOLDFAST_API_KEY: key });
  });
  afterAll(async () => {
    expect(await shop.end()).toBe(0);
    await h.close();
  });

  async function signInAs(email: string, password = PASSWORD): Promise<Page> {
    const { page } = await h.visit({ baseURL: shop.url });
    await page.goto('/');
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    return page;
  }
  const headingOf = (page: Page) => page.getByRole('heading').textContent();

  it('V7.4.2 lets somebody pay, and after a freeze nobody on any browser', async () => {
    const { email } = await newAccount(h);
    const [one, other] = [await signInAs(email), await signInAs(email)];
    expect(await headingOf(one)).toBe('Your account');
    await one.getByRole('button', { name: 'Pay' }).click();
    expect(await one.getByRole('alert').textContent()).toBe('Paid.');

    await one.getByRole('button', { name: 'Freeze my account' }).click();
    expect(await headingOf(one)).toBe('Your account is frozen');
    expect(await one.locator('main').textContent()).toMatch(/Your case is HF-/);
    // Its token is good for minutes yet; only the stream can have told the shop.
    await other.getByRole('button', { name: 'Pay' }).click();
    expect(await other.getByRole('alert').textContent()).toBe('You are signed out.');
    expect(await (await signInAs(email)).getByRole('alert').textContent()).toBe('This account is frozen.');
    expect(h.complaints()).toEqual([]);
  });

  it('asks for the second factor, and signs out for good', async () => {
    const { email } = await newAccount(h);
    const { secret } = await enrol(h, (await signIn(h, email)).accessToken);
    h.clock.advance(30_000);
    const page = await signInAs(email);
    await page.getByLabel('Code').fill('000000');
    await page.getByRole('button', { name: 'Go on' }).click();
    expect(await page.getByRole('alert').textContent()).toBe('That code is not right.');
    await page.getByLabel('Code').fill(totpCode(secret, h.clock.now()));
    await page.getByRole('button', { name: 'Go on' }).click();
    expect(await page.locator('main').textContent()).toContain('aal2');
    const cookies = await page.context().cookies();
    expect(cookies.every(({ httpOnly, sameSite }) => httpOnly && sameSite === 'Strict')).toBe(true);

    await page.getByRole('button', { name: 'Sign out' }).click();
    expect(await page.getByRole('alert').textContent()).toBe('You are signed out.');
    await page.context().addCookies(cookies);
    await page.goto('/account');
    expect(await headingOf(page)).toBe('Sign in');
    expect(h.complaints()).toEqual([]);
  });

  it('PS-5.1 has a large payment confirmed with amount and payee in sight', async () => {
    const { email } = await newAccount(h);
    const plain = await signInAs(email);
    await plain.getByLabel('Amount in euros').fill('250.00');
    await plain.getByRole('button', { name: 'Pay' }).click();
    expect(await plain.getByRole('alert').textContent()).toContain('need a second factor');

    const { secret } = await enrol(h, (await signIn(h, email)).accessToken);
    h.clock.advance(30_000);
    const page = await signInAs(email);
    await page.getByLabel('Code from your authenticator').fill(totpCode(secret, h.clock.now()));
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByLabel('Amount in euros').fill('250.5');
    await page.locator('input[name=amount]').evaluate((input) => input.removeAttribute('pattern'));
    await page.getByRole('button', { name: 'Pay' }).click();
    expect(await headingOf(page)).toBe('Confirm your payment');
    expect(await page.locator('main').textContent()).toContain('You pay 250.50 EUR to The Example Shop (shop).');
    await page.getByLabel('Code from your authenticator').fill('000000');
    await page.getByRole('button', { name: 'Confirm and pay' }).click();
    expect(await page.getByRole('alert').textContent()).toBe('That code is not right.');
    h.clock.advance(30_000);
    await page.getByLabel('Code from your authenticator').fill(totpCode(secret, h.clock.now()));
    await page.getByRole('button', { name: 'Confirm and pay' }).click();
    expect(await page.getByRole('alert').textContent()).toBe('Paid.');
    const { rows } = await h.pool.query(
      "select amount, decision from transactions where payee_id = 'shop' and amount > 100",
    );
    expect(rows).toEqual([{ amount: '250.50', decision: 'allow' }]);
    expect(h.complaints()).toEqual([]);
  });

  it('tells a wrong password from nothing else', async () => {
    const page = await signInAs('nobody@example.com', 'wrong');
    expect(await page.getByRole('alert').textContent()).toBe('E-mail or password is wrong.');
  });

  it('refuses a form that another site sends', async () => {
    const form = new URLSearchParams({ identifier: 'a@example.com', password: 'x' });
    const headers = { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' };
    expect((await fetch(`${shop.url}/sign-in`, { method: 'POST', body: form, headers })).status).toBe(403);
  });
});

describe('npm run example', () => {
  it('brings a Holdfast with a customer who can sign in, and leaves nothing behind', { timeout: 120_000 }, async () => {
    const example = await start('run.ts', {});
    const [, identifier = '', password = ''] =
      /^Sign in as (\S+) with the password: (.+)$/m.exec(example.printed()) ?? [];
    const answer = await fetch(`${example.url}/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({ identifier, password }),
      headers: { origin: example.url },
      redirect: 'manual',
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account']);
    expect(await example.end()).toBe(0);
    const service = /^Holdfast serves (http\S+);/m.exec(example.printed())?.[1] as string;
    await expect(fetch(service)).rejects.toThrow();
  });
});
