import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { it } from 'vitest';
import { openBrowserHarness } from './support/browser.ts';
import { enrolTotp, newOwner, PASSWORD, tokenIn, totpCode } from './support/harness.ts';
const dir = process.env['SHOTS'] ?? '/tmp/shots';
it('shots', async () => {
  mkdirSync(dir, { recursive: true });
  const h = await openBrowserHarness();
  const send = async (page: Page, form: string, values: Record<string, string>) => {
    for (const [n, v] of Object.entries(values)) await page.locator(`[data-form=${form}] [name=${n}]`).fill(v);
    await page.locator(`[data-form=${form}] [type=submit]`).click();
  };
  for (const [tag, locale, colorScheme, viewport] of [
    ['en-desk-light', 'en-GB', 'light', { width: 1100, height: 800 }],
    ['zh-phone-dark', 'zh-CN', 'dark', { width: 375, height: 700 }],
    ['en-phone-dark', 'en-GB', 'dark', { width: 375, height: 700 }],
    ['zh-desk-light', 'zh-CN', 'light', { width: 1100, height: 800 }],
  ] as const) {
    const { page, context } = await h.visit({ locale, colorScheme, viewport });
    const shot = async (name: string) => { await page.waitForTimeout(350); await page.screenshot({ path: `${dir}/${tag}-${name}.png`, fullPage: true }); };
    const owner = await newOwner(h);
    const { secret } = await enrolTotp(h, owner);
    const fresh = await newOwner(h);
    for (const p of ['', 'sign-up', 'sign-in', 'reset', 'report', 'case', 'problems/account-held']) { await page.goto(`/${p}`); await shot(`p-${p.replace('/', '-') || 'landing'}`); }
    await page.goto('/sign-up'); await send(page, 'sign-up', { email: 'a@example.com', password: 'short' }); await shot('sign-up-weak');
    await page.goto('/sign-in'); await send(page, 'sign-in', { identifier: 'nobody@example.com', password: 'x' }); await shot('sign-in-wrong');
    await page.goto('/confirm#token=abcdefgh'); await shot('confirm');
    await send(page, 'confirm', {}); await shot('confirm-stale');
    await page.goto('about:blank'); await page.goto('/reset#token=abcdefgh'); await shot('reset-choose');
    await page.goto('/sign-in'); await send(page, 'sign-in', { identifier: fresh.email, password: PASSWORD }); await page.waitForURL('**/security'); await page.locator('[data-enrol]').waitFor(); await shot('security-off');
    await page.locator('[data-enrol]').click(); await page.locator('[data-qr][src]').waitFor(); await shot('security-enrol');
    const s = (await page.locator('#totp-secret').textContent()) ?? '';
    await send(page, 'totp-confirm', { code: totpCode(s, h.clock.now()) }); await page.locator('#recovery-codes').waitFor(); await shot('security-codes');
    await page.locator('[data-codes-kept]').click(); await page.locator('[data-open=ask-remove]').waitFor(); await page.locator('[data-open=ask-remove]').click(); await page.locator('[data-open=ask-freeze]').click(); await shot('security-asks');
    await send(page, 'freeze', { message: 'Lost phone' }); await page.locator('[data-step=frozen]').waitFor(); await page.locator('[data-step=frozen] summary').click(); await shot('frozen');
    await page.goto('/sign-in'); await send(page, 'sign-in', { identifier: owner.email, password: PASSWORD }); await page.locator('[data-step=totp]').waitFor(); await shot('totp');
    await h.post('/v1/me/freeze', {}, { token: owner.accessToken });
    await page.goto('/sign-in'); await send(page, 'sign-in', { identifier: owner.email, password: PASSWORD }); await page.locator('[data-step=totp]').waitFor();
    await send(page, 'totp', { code: totpCode(secret, h.clock.now()) }); await page.waitForTimeout(500); await shot('held');
    await page.goto('/case'); await page.locator('[data-list=cases] button').first().waitFor({ timeout: 3000 }).catch(() => undefined); await shot('case-list');
    if (await page.locator('[data-list=cases] button').count()) {
      await page.locator('[data-list=cases] button').first().click();
      await send(page, 'message', { message: 'I did not make the payment of 12.34 EUR.\nPlease help.' }); await page.locator('.messages li').first().waitFor(); await shot('case-one');
      await page.goto('/case#report'); await page.reload(); await shot('case-report');
      await send(page, 'report', { message: 'Something.' }); await page.locator('[data-step=reported]').waitFor(); await shot('case-reported');
    }
    const third = await newOwner(h);
    await h.call('POST', '/v1/auth/sign-in', { body: { identifier: third.email, password: PASSWORD }, headers: { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36' } });
    const mails = await h.mails(third.email);
    await page.goto(`/freeze#token=${tokenIn(mails[0], 'freeze')}`); await page.locator('[data-step=press]').waitFor(); await shot('freeze');
    await page.goto('/dev/inbox'); await shot('inbox'); await page.locator('.cases a').first().click(); await shot('mail');
    if (tag === 'en-desk-light') { await page.goto('/docs'); await page.waitForTimeout(1500); await page.screenshot({ path: `${dir}/docs.png` }); }
    await context.close();
  }
  await h.close();
}, 180_000);
