import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { newAgent, PASSWORD, totpCode } from './support/harness.ts';
import { enrol, mailedToken, newAccount, newSignedIn, signIn } from './support/seed.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness();
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

const NEW = 'another long enough sentence';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const shown = (page: Page, step: string) => page.locator(`[data-step=${step}]`).waitFor({ state: 'visible' });

async function send(page: Page, form: string, values: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    await page.locator(`[data-form=${form}] [name=${name}]`).fill(value);
  }
  await page.locator(`[data-form=${form}] [type=submit]`).click();
}

async function enter(page: Page, identifier: string): Promise<void> {
  await page.goto('/sign-in');
  await send(page, 'sign-in', { identifier, password: PASSWORD });
}

async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const findings = await page.evaluate<string[]>(`axe.run(document, { resultTypes: ['violations'] }).then(
    ({ violations }) => violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ' ' + nodes.map((node) => node.html).join(' | ')))`);
  expect(findings).toEqual([]);
}

describe('V6.2.2 V6.2.6 V6.2.7 NB-P12 the security page', () => {
  it('changes the password, tells what is wrong beside its field, and stays signed in', async () => {
    const owner = await newAccount(h);
    const { page, context } = await h.visit({ bypassCSP: true });
    await enter(page, owner.email);
    await page.waitForURL('**/security');
    await page.locator('[data-open=ask-password]').click();
    expect(await page.evaluate('document.activeElement.id')).toBe('current-password');
    const fields = page.locator('[data-form=password] input');
    expect(await fields.evaluateAll((all) => all.map((each) => [each.getAttribute('autocomplete')].join()))).toEqual([
      'username',
      'current-password',
      'new-password',
      'one-time-code',
    ]);
    await send(page, 'password', { currentPassword: 'not the right one', newPassword: NEW });
    await page.getByText('This is not your current password.').waitFor();
    await send(page, 'password', { currentPassword: PASSWORD, newPassword: 'too short' });
    await page.getByText('Use at least 15 characters').waitFor();
    await expectAccessible(page);
    await send(page, 'password', { currentPassword: PASSWORD, newPassword: NEW });
    await page.getByText('Your password is changed.').waitFor();
    await page.getByText('Withdrawals are stopped.').waitFor();
    expect(await page.locator('#current-password').inputValue()).toBe('');
    expect((await signIn(h, owner.email, { password: NEW })).status).toBe('signed-in');
    await context.close();
  });

  it('asks for a code where a second step is on', async () => {
    const owner = await newSignedIn(h);
    const { secret } = await enrol(h, owner.accessToken);
    h.clock.advance(30_000);
    const { page, context } = await h.visit({ locale: 'zh-CN', colorScheme: 'dark' });
    await enter(page, owner.email);
    await shown(page, 'totp');
    await send(page, 'totp', { code: totpCode(secret, h.clock.now()) });
    await page.waitForURL('**/security');
    h.clock.advance(30_000);
    await page.locator('[data-open=ask-password]').click();
    const passwords = { currentPassword: PASSWORD, newPassword: 'kT9#xQ2m' };
    await send(page, 'password', { ...passwords, code: '000000' });
    await page.getByText('验证码有误').or(page.getByText('验证码')).first().waitFor();
    await send(page, 'password', { ...passwords, code: totpCode(secret, h.clock.now()) });
    await page.getByText('密码已修改，其他设备已退出登录。').waitFor();
    await context.close();
  });
});

describe('NB-P6 the sign-in page', () => {
  it.each([
    ['en-GB', 'Set a new password first'],
    ['zh-CN', '请先设置新密码'],
  ])('leads an owner whose password must change to the mailed reset, in %s', async (locale, title) => {
    const owner = await newAccount(h);
    const { accessToken: token } = await newAgent(h);
    await h.post(`/v1/agent/accounts/${owner.accountId}/require-password-reset`, { note: 'Phished' }, { token });
    const { page, context } = await h.visit({ locale, bypassCSP: true });
    await enter(page, owner.email);
    await shown(page, 'must-change');
    await page.getByRole('heading', { name: title }).waitFor();
    await expectAccessible(page);
    const before = await mailedToken(h, owner.email, 'reset');
    await send(page, 'send-reset', {});
    await shown(page, 'reset-sent');
    const reset = await mailedToken(h, owner.email, 'reset');
    expect(reset).not.toBe(before);
    await page.goto(`/reset#token=${reset}`);
    await shown(page, 'choose');
    await send(page, 'choose', { newPassword: PASSWORD });
    await page.locator('#new-password-error:visible').waitFor();
    await send(page, 'choose', { newPassword: NEW });
    await shown(page, 'done');
    expect((await signIn(h, owner.email, { password: NEW })).status).toBe('signed-in');
    await context.close();
  });
});
