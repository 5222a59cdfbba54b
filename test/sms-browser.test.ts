import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { PASSWORD } from './support/harness.ts';
import { prepareTexted } from './support/sms-tries.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness({ policy: { 'sms.factor': 'on' } });
}, 60_000);
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
