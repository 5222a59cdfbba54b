import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { newOwner, PASSWORD } from './support/harness.ts';
import { enrol } from './support/seed.ts';

let h: BrowserHarness;
/** A wallet's own front end, on another origin. */
let app: Server;
let port: number;
beforeAll(async () => {
  app = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Wallet</title>');
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  port = (app.address() as AddressInfo).port;
  h = await openBrowserHarness({ env: { ALLOWED_ORIGINS: `http://localhost:${port}` } });
}, 120_000);
afterAll(async () => {
  await h.close();
  app.close();
});
afterEach(() => expect(h.complaints()).toEqual([]));

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';

async function signIn(page: Page, email: string): Promise<void> {
  await page.goto('/sign-in');
  for (const [name, value] of Object.entries({ identifier: email, password: PASSWORD })) {
    await page.locator(`[data-form=sign-in] [name=${name}]`).fill(value);
  }
  await page.locator('[data-form=sign-in] [type=submit]').click();
  await page.waitForURL('**/security');
  await page.locator('[data-step=overview]').waitFor({ state: 'visible' });
}

const elsewhere = async (identifier: string, userAgent: string, ip: string) =>
  (await h.post('/v1/auth/sign-in', { identifier, password: PASSWORD }, { ip, headers: { 'user-agent': userAgent } }))
    .body;
const entries = (page: Page, list: string) => page.locator(`[data-list=${list}] li`);
const me = async (token: string) => (await h.get('/v1/me', token)).status;

describe('the security page', () => {
  it('V7.5.2 V7.4.3 shows where the owner is signed in, ends one, forgets a device, and ends all others', async () => {
    const owner = await newOwner(h);
    const windows = await elsewhere(owner.email, FIREFOX, '192.0.2.7');
    const phone = await elsewhere(owner.email, IPHONE, '198.51.100.9');
    const { page, context } = await h.visit();
    await signIn(page, owner.email);
    await entries(page, 'sessions').nth(3).waitFor();
    expect(await entries(page, 'sessions').count()).toBe(4);
    expect(await entries(page, 'sessions').first().textContent()).toMatch(/Chrome.* on Linux.*You are here/);
    expect(await entries(page, 'sessions').first().locator('button').count()).toBe(0);

    await page.getByRole('button', { name: /^End Firefox on Windows, last used/ }).click();
    await expect.poll(() => entries(page, 'sessions').count()).toBe(3);
    expect([await me(windows.accessToken), await me(phone.accessToken)]).toEqual([401, 200]);

    await page.getByRole('button', { name: /^Forget Safari on iOS/ }).click();
    await expect.poll(() => entries(page, 'devices').count()).toBe(3);
    await expect.poll(() => entries(page, 'sessions').count()).toBe(2);
    expect(await me(phone.accessToken)).toBe(401);

    await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await page.getByText('You are signed in only here now.').waitFor();
    expect(await entries(page, 'sessions').count()).toBe(1);
    expect(await me(owner.accessToken)).toBe(401);
    expect(await page.locator('[data-end-others]').isVisible()).toBe(false);
    await page.locator('[data-sign-out]').click();
    await page.getByText('You are signed out.').waitFor();
    expect((await context.cookies()).map(({ name }) => name)).toEqual(['__Host-holdfast-device']);
    await context.close();
  });

  it('V7.5.2 HT-S1 asks who it is before it ends anything, over the page, and then goes on', async () => {
    const owner = await newOwner(h);
    const { page, context } = await h.visit();
    await signIn(page, owner.email);
    h.clock.advance(16 * 60_000);
    const ask = () => page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    const others = async () =>
      me((await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).body.accessToken);
    const dialog = page.getByRole('dialog', { name: 'Confirm it is you' });

    await ask();
    await dialog.waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Nothing was changed: you did not confirm who you are.').waitFor();
    expect(await others(), 'nothing ended').toBe(200);

    await ask();
    await dialog.getByLabel('Password').fill('not the right one at all');
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await dialog.getByText('That did not fit.').waitFor();
    await dialog.getByLabel('Password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('You are signed in only here now.').waitFor();
    expect(await dialog.isVisible()).toBe(false);
    expect((await h.post('/v1/auth/refresh', { refreshToken: owner.refreshToken })).status).toBe(401);
    await context.close();
  });

  it('HT-S1 asks an account with a second factor for that too', async () => {
    const owner = await newOwner(h);
    const { page, context } = await h.visit({ locale: 'zh-CN' });
    await signIn(page, owner.email);
    const elsewhere = await h.post('/v1/auth/sign-in', { identifier: owner.email, password: PASSWORD });
    const { recoveryCodes } = await enrol(h, elsewhere.body.accessToken);
    await h.pool.query('update sessions set ended_at = null, end_reason = null where account_id = $1', [
      owner.accountId,
    ]);
    await page.reload();
    await page.locator('[data-step=overview]').waitFor({ state: 'visible' });
    await page.getByRole('button', { name: '退出其他所有登录' }).click();
    const dialog = page.getByRole('dialog', { name: '请确认是您本人' });
    await dialog.locator('[name=password]').fill(PASSWORD);
    await dialog.locator('[name=code]').fill(recoveryCodes[0] as string);
    await dialog.getByRole('button', { name: '确认', exact: true }).click();
    await expect.poll(() => entries(page, 'sessions').count()).toBe(1);
    await context.close();
  });

  it('keeps the sign-in when the answer to a refresh never came', async () => {
    const owner = await newOwner(h);
    const { page, context } = await h.visit();
    await signIn(page, owner.email);
    const cookie = (await context.cookies()).find(({ name }) => name === '__Host-holdfast-refresh');
    // The service trades the browser's token; the browser never hears of it.
    const headers = { cookie: `${cookie?.name}=${cookie?.value}`, 'sec-fetch-site': 'same-origin' };
    expect((await h.call('POST', '/v1/auth/refresh', { headers })).status).toBe(200);
    h.clock.advance(3_000);
    await page.goto('/security');
    await page.locator('[data-step=overview]').waitFor({ state: 'visible' });
    h.clock.advance(60_000);
    await page.goto('/security');
    await page.locator('[data-step=overview]').waitFor({ state: 'visible' });
    await context.close();
  });

  it.each([
    ['en-GB', 'light', 'Where you are signed in'],
    ['zh-CN', 'dark', '您的登录位置'],
  ] as const)('has no serious accessibility finding with its lists in %s, %s', async (locale, colorScheme, title) => {
    const owner = await newOwner(h);
    await elsewhere(owner.email, FIREFOX, '192.0.2.7');
    const { page, context } = await h.visit({ locale, colorScheme, bypassCSP: true });
    await signIn(page, owner.email);
    await page.getByRole('heading', { name: title }).waitFor();
    await entries(page, 'devices').nth(2).waitFor();
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const serious = `axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' ')))`;
    expect(await page.evaluate(serious)).toEqual([]);
    await context.close();
  });
});

type Asked = { method: string; path: string; body?: unknown; token?: string };
/** What a script of the wallet gets: the status and the body, or `blocked` where the browser keeps them from it. */
const ask = (
  page: Page,
  { method, path, body, token }: Asked,
): Promise<{ status: number; body: Record<string, string> }> =>
  page.evaluate(`fetch(${JSON.stringify(`${h.origin}${path}`)}, {
    method: '${method}', credentials: 'include',
    headers: { 'content-type': 'application/json'${token ? `, authorization: 'Bearer ${token}'` : ''} },
    ${body ? `body: ${JSON.stringify(JSON.stringify(body))}` : ''}
  }).then(async (answer) => ({ status: answer.status, body: await answer.json().catch(() => ({})) }))
    .catch(() => 'blocked')`);

describe('a page of another origin', () => {
  it('V3.4.2 signs in, refreshes and signs out with cookies where it is listed', async () => {
    const owner = await newOwner(h);
    const { page, context } = await h.visit();
    await page.goto(`http://localhost:${port}/`);
    const credentials = { identifier: owner.email, password: PASSWORD, tokens: 'cookie' };
    const entered = await ask(page, { method: 'POST', path: '/v1/auth/sign-in', body: credentials });
    expect(entered).toMatchObject({ status: 200, body: { status: 'signed-in' } });
    expect(entered.body).not.toHaveProperty('refreshToken');
    const fresh = await ask(page, { method: 'POST', path: '/v1/auth/refresh' });
    expect(fresh.status).toBe(200);
    const token = fresh.body['accessToken'] as string;
    expect((await ask(page, { method: 'GET', path: '/v1/me/sessions', token })).status).toBe(200);
    expect((await ask(page, { method: 'GET', path: '/v1/me', token: 'no' })).status, 'a refusal is read too').toBe(401);
    expect((await ask(page, { method: 'POST', path: '/v1/auth/sign-out' })).status).toBe(204);
    expect(await me(token)).toBe(401);
    await context.close();
    expect(h.complaints().filter((what) => !what.includes('401'))).toEqual([]);
  });

  it('V3.4.2 V3.5.1 reads nothing and does nothing where it is not', async () => {
    const owner = await newOwner(h);
    const { page, context } = await h.visit();
    await signIn(page, owner.email);
    await page.goto(`http://127.0.0.1:${port}/`);
    const { accessToken } = owner;
    const before = (await h.pool.query('select id, refresh_generation, ended_at from sessions order by id')).rows;
    expect(await ask(page, { method: 'GET', path: '/v1/me', token: accessToken })).toBe('blocked');
    expect(await ask(page, { method: 'POST', path: '/v1/auth/refresh' })).toBe('blocked');
    // A call simple enough to need no leave is sent all the same, with neither cookie nor effect.
    const simple = `fetch('${h.origin}/v1/auth/sign-out', { method: 'POST', credentials: 'include', mode: 'no-cors' })
      .then(() => 'sent', () => 'blocked')`;
    expect(await page.evaluate(simple)).toBe('blocked');
    expect((await h.pool.query('select id, refresh_generation, ended_at from sessions order by id')).rows).toEqual(
      before,
    );
    await context.close();
    expect(h.complaints().some((what) => what.includes('CORS'))).toBe(true);
  });
});
