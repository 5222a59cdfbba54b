import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { PASSWORD } from './support/harness.ts';
import { count, hostKey, newAccount, signIn } from './support/seed.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness();
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

async function enter(page: Page, email: string): Promise<void> {
  await page.goto('/sign-in');
  await page.locator('[data-form=sign-in] [name=identifier]').fill(email);
  await page.locator('[data-form=sign-in] [name=password]').fill(PASSWORD);
  await page.locator('[data-form=sign-in] [type=submit]').click();
  await page.waitForURL('**/security');
  await page.locator('[data-step=overview]').waitFor({ state: 'visible' });
}

/** An account with more than a page of activity, the newest of it a stranger's. */
async function busyAccount() {
  const account = await newAccount(h);
  const events = Array.from({ length: 25 }, (_, n) => ({
    id: `${account.accountId}-${n}`,
    accountId: account.accountId,
    type: 'statement.viewed',
    at: new Date(h.clock.now().getTime() - (n + 1) * 60_000).toISOString(),
    text: { en: `You read statement ${n}.`, 'zh-CN': `您查看了第 ${n} 份账单。` },
  }));
  await h.post('/v1/server/events', { events }, { token: await hostKey(h) });
  await signIn(h, account.email, { password: 'not the right one at all' }, { ip: '192.0.2.7' });
  return account;
}

const entries = (page: Page) => page.locator('[data-list=activity] > li');

describe('the security page', () => {
  it('shows what happened, page by page', async () => {
    const { email } = await busyAccount();
    const { page, context } = await h.visit();
    await enter(page, email);
    await entries(page).nth(19).waitFor();
    expect(await entries(page).count()).toBe(20);
    expect(await entries(page).first().textContent()).toContain('You signed in.');
    await page.getByRole('button', { name: 'Show older entries' }).click();
    await entries(page).nth(27).waitFor();
    expect(await entries(page).last().textContent()).toContain('You read statement 24.');
    await expect.poll(() => page.getByRole('button', { name: 'Show older entries' }).isVisible()).toBe(false);
    const shot = process.env['SHOTS'];
    if (shot) await page.locator('[data-activity]').screenshot({ path: `${shot}/activity-en.png` });
    await context.close();
  });

  it('HT-F1 freezes the account for an entry that was not its owner, after asking', async () => {
    const { email, accountId } = await busyAccount();
    const { page, context } = await h.visit({ locale: 'zh-CN', viewport: { width: 390, height: 844 } });
    await enter(page, email);
    await page.getByRole('button', { name: /^这不是我：有人尝试登录/ }).click();
    const dialog = page.getByRole('dialog', { name: '要因此冻结您的账户吗？' });
    await dialog.waitFor();
    expect(await dialog.textContent()).toContain('192.0.2.7');
    const shot = process.env['SHOTS'];
    if (shot) await page.screenshot({ path: `${shot}/not-me-zh.png` });
    await dialog.getByRole('button', { name: '取消' }).click();
    expect(await count(h, 'holds', accountId)).toBe(0);
    await page.getByRole('button', { name: /^这不是我：有人尝试登录/ }).click();
    await dialog.getByRole('button', { name: '是，冻结我的账户' }).click();
    await page.locator('[data-step=frozen]').waitFor({ state: 'visible' });
    expect(await page.locator('[data-step=frozen] [data-value=reference]').textContent()).toMatch(/^HF-/);
    if (shot) await page.screenshot({ path: `${shot}/frozen-zh.png` });
    expect(await count(h, 'holds', accountId)).toBe(1);
    expect(await count(h, 'events', accountId, `type = 'window.proposed'`)).toBe(1);
    await context.close();
  });

  it.each(['en-GB', 'zh-CN'])('has no serious accessibility finding with its activity in %s', async (locale) => {
    const { email } = await busyAccount();
    const { page, context } = await h.visit({ locale, colorScheme: 'dark', bypassCSP: true });
    await enter(page, email);
    await entries(page).nth(19).waitFor();
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const serious = `axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' ')))`;
    expect(await page.evaluate(serious)).toEqual([]);
    const shot = process.env['SHOTS'];
    if (shot) await page.locator('[data-activity]').screenshot({ path: `${shot}/activity-${locale}-dark.png` });
    await entries(page).nth(1).locator('button').click();
    expect(await page.evaluate(serious)).toEqual([]);
    if (shot) await page.screenshot({ path: `${shot}/not-me-${locale}-dark.png` });
    await context.close();
  });
});
