import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { newAgent, totpCode } from './support/harness.ts';
import { newOffered } from './support/recovery-tries.ts';
import { freezeByAgent } from './support/seed.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness();
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

describe('the page behind a recovery link', () => {
  it.each([
    ['en-GB', 'Go on', 'Your account is still frozen'],
    ['zh-CN', '继续', '您的账户仍处于冻结状态'],
  ])('in %s leads to a new password and factor, and is used by a press alone', async (locale, goOn, done) => {
    const agent = await newAgent(h);
    const { link, accountId } = await newOffered(h, agent);
    await freezeByAgent(h, agent, accountId);
    const { page } = await h.visit({ locale });
    await page.goto(`/recover#token=${link}`);
    await page.locator('[data-step=open]').waitFor({ state: 'visible' });
    expect(page.url()).toBe(`${h.origin}/recover`);
    await page.getByRole('button', { name: goOn }).click();
    const password = page.locator('[data-step=choose] input');
    await password.fill('short');
    await page.locator('[data-step=choose] [type=submit]').click();
    await page.locator('#new-password[aria-invalid=true]').waitFor();
    await password.fill('quite another horse, unbattered');
    await page.locator('[data-step=choose] [type=submit]').click();
    await page.locator('[data-qr][src^="data:image/svg+xml,"]').waitFor();
    const secret = (await page.locator('#secret').textContent()) ?? '';
    await page.locator('#bind-code').fill(totpCode(secret, h.clock.now()));
    await page.locator('[data-step=bind] [type=submit]').click();
    await page.locator('[data-step=codes]').waitFor({ state: 'visible' });
    expect((await page.locator('#recovery-codes').textContent())?.trim().split('\n')).toHaveLength(10);
    await page.locator('[data-codes-kept]').click();
    await page.getByText(done).waitFor();
    const { page: again } = await h.visit({ locale });
    await again.goto(`/recover#token=${link}`);
    await again.getByRole('button', { name: goOn }).click();
    await again.locator('[data-step=stale]').waitFor({ state: 'visible' });
  });
});
