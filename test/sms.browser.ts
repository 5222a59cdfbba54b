import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { PASSWORD, totpCode } from './support/harness.ts';
import { prepareTexted, prepareTexting } from './support/sms-tries.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness({ policy: { 'sms.factor': 'on' } });
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

describe('the sign-in page', () => {
  it('texts a code on demand, another one, and signs in with the newest', async () => {
    const owner = await prepareTexted(h);
    const { page, context } = await h.visit();
    await page.goto('/sign-in');
    await page.locator('[data-form=sign-in] [name=identifier]').fill(owner.email);
    await page.locator('[data-form=sign-in] [name=password]').fill(PASSWORD);
    await page.locator('[data-form=sign-in] [type=submit]').click();
    const before = (await h.mails(owner.phone)).length;
    await page.locator('[data-step=totp] [data-show=sms]').click();
    await expect.poll(async () => (await h.mails(owner.phone)).length).toBe(before + 1);
    await page.getByRole('button', { name: 'Send another code' }).click();
    await page.getByText('Only the newest code works.').waitFor();
    const [newest] = await h.mails(owner.phone);
    await page.getByLabel('Code from the text message').fill(/^\d{6}/.exec(newest?.text ?? '')?.[0] ?? '');
    await page.locator('[data-form=sms] [type=submit]').click();
    await page.waitForURL('**/security');
    await context.close();
  });
});

describe('the security page', () => {
  it.each(['en-GB', 'zh-CN'])('turns texted codes on and off, in %s', async (locale) => {
    const owner = await prepareTexting(h);
    const { page, context } = await h.visit({ locale });
    const code = (ago: number) => totpCode(owner.secret, new Date(h.clock.now().getTime() - ago));
    await page.goto('/sign-in');
    await page.locator('[data-form=sign-in] [name=identifier]').fill(owner.email);
    await page.locator('[data-form=sign-in] [name=password]').fill(PASSWORD);
    await page.locator('[data-form=sign-in] [type=submit]').click();
    await page.locator('[data-form=totp] [name=code]').fill(code(0));
    await page.locator('[data-form=totp] [type=submit]').click();
    await page.waitForURL('**/security');
    const card = page.locator('[data-text-codes]');
    await card.locator('[data-text-codes-open=ask-text-codes]').click();
    h.clock.advance(30_000);
    await card.locator('[data-form=text-codes] [name=code]').fill(code(0));
    await card.locator('[data-form=text-codes] [type=submit]').click();
    await card.locator('[data-form=texted] [name=code]').waitFor();
    const [newest] = await h.mails(owner.phone);
    await card.locator('[data-form=texted] [name=code]').fill(/\d{6}/.exec(newest?.text ?? '')?.[0] ?? '');
    await card.locator('[data-form=texted] [type=submit]').click();
    await card.locator('[data-text-codes-open=ask-no-text-codes]').click();
    h.clock.advance(30_000);
    await card.locator('[data-form=no-text-codes] [name=code]').fill(code(0));
    await card.locator('[data-form=no-text-codes] [type=submit]').click();
    await card.locator('[data-text-codes-open=ask-text-codes]').waitFor();
    await context.close();
  });
});
