import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { enrolTotp, newOwner, PASSWORD, totpCode } from './support/harness.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness({ policy: { 'limits.factorChangesPerAccount': 1000 } });
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

async function fillAndSend(page: Page, form: string, values: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    await page.locator(`[data-form=${form}] [name=${name}]`).fill(value);
  }
  await page.locator(`[data-form=${form}] [type=submit]`).click();
}

const keyOf = async (page: Page) => {
  await page.locator('[data-qr][src^="data:image/svg+xml,"]').waitFor();
  return (await page.locator('#totp-secret').textContent()) ?? '';
};
const names = (page: Page) => page.locator('[data-list=authenticators] strong').allTextContents();
const press = (page: Page, name: string, question: string) =>
  page.locator('[data-list=authenticators] li', { hasText: name }).locator(`[data-open=${question}]`).click();

it.each(['en-GB', 'zh-CN'] as const)(
  'an owner adds, names, replaces and removes authenticators, and renews the recovery codes, in %s',
  async (locale) => {
    const owner = await newOwner(h);
    const { secret, recoveryCodes } = await enrolTotp(h, owner);
    const codeNow = (of: string) => totpCode(of, h.clock.now());
    const next = () => h.clock.advance(30_000);
    // Three are left once this one is used too.
    await h.pool.query(`update recovery_codes set used_at = created_at where account_id = $1 and selector = any($2)`, [
      owner.accountId,
      recoveryCodes.slice(0, 6).map((code) => code.slice(0, 4)),
    ]);
    const { page, context } = await h.visit({ locale });
    await page.goto('/sign-in');
    await fillAndSend(page, 'sign-in', { identifier: owner.email, password: PASSWORD });
    await page.locator('[data-step=totp]').waitFor({ state: 'visible' });
    await page.locator('[data-step=totp] [data-show=recovery-code]').click();
    await fillAndSend(page, 'recovery-code', { code: recoveryCodes[6] ?? '' });
    await page.waitForURL('**/security');
    await page.locator('[data-list=authenticators] li').waitFor();
    expect(await page.locator('[data-value=left]').textContent()).toContain('3');

    await page.locator('[data-add]').click();
    await fillAndSend(page, 'totp-start', { name: 'Tablet', code: '000000' });
    await page.locator('[data-form=totp-start] [data-error]:visible').waitFor();
    await fillAndSend(page, 'totp-start', { code: codeNow(secret) });
    const tablet = await keyOf(page);
    await fillAndSend(page, 'totp-confirm', { code: codeNow(tablet) });
    await page.locator('[data-factor-done]:visible').waitFor();
    expect(await names(page)).toEqual(['Authenticator', 'Tablet']);

    await press(page, 'Authenticator', 'ask-rename');
    await fillAndSend(page, 'totp-rename', { name: 'Old <b>phone</b>' });
    await page.getByText('Old <b>phone</b>', { exact: true }).waitFor();

    next();
    await press(page, 'Old', 'ask-totp');
    await fillAndSend(page, 'totp-start', { name: 'New phone', code: codeNow(tablet) });
    const phone = await keyOf(page);
    await fillAndSend(page, 'totp-confirm', { code: codeNow(phone) });
    await page.locator('[data-factor-done]:visible').waitFor();
    expect(await names(page)).toEqual(['Tablet', 'New phone']);

    next();
    await page.locator('[data-open=ask-codes]').click();
    await fillAndSend(page, 'codes', { code: codeNow(phone) });
    await page.locator('#recovery-codes').waitFor();
    expect((await page.locator('#recovery-codes').textContent())?.split('\n')).toHaveLength(10);
    await page.locator('[data-codes-kept]').click();
    await page.locator('[data-value=left]', { hasText: '10' }).waitFor();
    expect(await page.locator('#recovery-codes').textContent(), 'shown once').toBe('');

    next();
    await press(page, 'Tablet', 'ask-remove');
    await fillAndSend(page, 'totp-remove', { code: codeNow(phone) });
    await page.locator('[data-list=authenticators] li').nth(1).waitFor({ state: 'detached' });
    expect(await names(page)).toEqual(['New phone']);
    await context.close();
  },
  60_000,
);
