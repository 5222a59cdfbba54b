import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { newOwner, PASSWORD, someEmail, tokenIn } from './support/harness.ts';
import { mailedToken } from './support/seed.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness();
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

async function fillAndSend(page: Page, form: string, values: Record<string, string> = {}): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    await page.locator(`[data-form=${form}] [name=${name}]`).fill(value);
  }
  await page.locator(`[data-form=${form}] [type=submit]`).click();
}

async function signIn(page: Page, identifier: string): Promise<void> {
  await fillAndSend(page, 'sign-in', { identifier, password: PASSWORD });
}

const shown = (page: Page, step: string) => page.locator(`[data-step=${step}]`).waitFor({ state: 'visible' });
const entry = (page: Page, name: string) => page.locator(`[data-value=contact-${name}]`);

describe('an owner who changes contacts in a browser', () => {
  it('confirms a new address where another browser must sign in first, and undoes it by the old one', async () => {
    const owner = await newOwner(h);
    const { page } = await h.visit();
    await page.goto('/sign-in');
    await signIn(page, owner.email);
    await shown(page, 'overview');
    const to = someEmail();
    await page.locator('[data-open=ask-email]').click();
    await fillAndSend(page, 'email-change', { newEmail: to });
    await page.getByText(`We have sent a mail to ${to}`).waitFor();

    const token = await mailedToken(h, to, 'confirm-address');
    const other = (await h.visit()).page;
    await other.goto(`/confirm-address#token=${token}`);
    await shown(other, 'press');
    expect(other.url()).toBe(`${h.origin}/confirm-address`);
    await fillAndSend(other, 'confirm');
    await other.waitForURL('**/sign-in?**');
    expect(other.url()).not.toContain('token');
    await signIn(other, owner.email);
    await other.waitForURL('**/confirm-address');
    await shown(other, 'press');
    await fillAndSend(other, 'confirm');
    await shown(other, 'done');
    await other.locator('[data-step=done] a').click();
    await shown(other, 'overview');
    expect(await entry(other, 'email').textContent()).toBe(to);
    await other.getByText('it can be undone with the link').waitFor();

    const undo = await mailedToken(h, owner.email, 'undo');
    const { page: stranger } = await h.visit({ locale: 'zh-CN' });
    await stranger.goto(`/undo#token=${undo}`);
    await shown(stranger, 'press');
    await stranger.getByText('您账户的邮箱已更改').waitFor();
    await fillAndSend(stranger, 'undo');
    await shown(stranger, 'done');
    expect(await stranger.locator('[data-value=reference]').textContent()).toMatch(/^HF-/);
    await stranger.goto('about:blank');
    await stranger.goto(`/undo#token=${undo}`);
    await shown(stranger, 'stale');
  });

  it('changes phone and username, and keeps notice addresses', async () => {
    const owner = await newOwner(h);
    const { page } = await h.visit();
    await page.goto('/sign-in');
    await signIn(page, owner.email);
    await shown(page, 'overview');
    const number = '+49 151 2345 6789';
    await page.locator('[data-open=ask-phone]').click();
    await fillAndSend(page, 'phone-change', { newPhone: 'nonsense' });
    await page.locator('#new-phone[aria-invalid=true]').waitFor();
    await fillAndSend(page, 'phone-change', { newPhone: number });
    await page.getByText(`We have sent a text to ${number}`).waitFor();
    const code = /\d{6}/.exec((await h.mails('+4915123456789'))[0]?.text ?? '')?.[0] ?? '';
    await fillAndSend(page, 'phone-confirm', { code: code === '000000' ? '000001' : '000000' });
    await page.getByText('That code is wrong').waitFor();
    await fillAndSend(page, 'phone-confirm', { code });
    await page.getByText('+4915123456789').waitFor();

    await page.locator('[data-open=ask-username]').click();
    await fillAndSend(page, 'username', { username: 'Ana.Of.Browser' });
    await page.getByText('ana.of.browser').waitFor();

    const second = someEmail();
    await page.locator('[data-open=ask-notice]').click();
    await fillAndSend(page, 'notice-add', { email: second });
    await page.getByText('waits to be confirmed: look at its mail').waitFor();
    const mail = (await h.mails(second))[0];
    await page.goto(`/confirm-notice-address#token=${tokenIn(mail, 'confirm-notice-address')}`);
    await shown(page, 'press');
    await fillAndSend(page, 'confirm');
    await shown(page, 'done');
    await page.goto('/security');
    await shown(page, 'overview');
    expect(await page.locator('[data-contacts-note]').isVisible()).toBe(false);
    const listed = page.locator('[data-list=notice-addresses] li');
    expect(await listed.textContent()).toBe(`${second}Remove`);
    await listed.locator('button').click();
    await fillAndSend(page, 'notice-remove');
    await listed.waitFor({ state: 'detached' });

    await page.goto('/dev/inbox');
    await page.getByText('phone-code').click();
    await page.getByText('is your code to confirm this number').waitFor();
    expect(await page.locator('iframe').count()).toBe(0);
  });
});
