import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { mailedCode } from './support/enrolling.ts';
import { PASSWORD, someEmail } from './support/harness.ts';
import { newAccount, newSignedIn } from './support/seed.ts';

const MINUTE = 60_000;

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness({ policy: { 'stuffing.mode': 'live' } });
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

async function attack(): Promise<void> {
  for (let n = 0; n < 20; n += 1) {
    await h.post('/v1/auth/sign-in', { identifier: someEmail(), password: `a guess, the ${n}th` });
  }
  // Whoever was asked for work had the time to do it.
  h.clock.advance(10_000);
}

async function signIn(page: Page, email: string): Promise<void> {
  await page.goto('/sign-in');
  await page.locator('[name=identifier]').fill(email);
  await page.locator('[data-form=sign-in] [name=password]').fill(PASSWORD);
  await page.locator('[data-form=sign-in] [type=submit]').click();
}

describe('V6.3.1 the sign-in page while somebody guesses across accounts', () => {
  it('does the work by itself and signs in who was in this network before', async () => {
    const owner = await newAccount(h);
    const home = { identifier: owner.email, password: PASSWORD };
    await h.post('/v1/auth/sign-in', home, { ip: '127.0.0.1' });
    await attack();
    const { page, context } = await h.visit();
    const asked = page.waitForResponse((response) => response.status() === 403);
    await signIn(page, owner.email);
    expect((await (await asked).json()).proof).toMatchObject({ difficulty: 19 });
    await page.waitForURL('**/security');
    await context.close();
  });

  it('does it, and asks for the mailed code, where nobody knows this network', async () => {
    h.clock.advance(30 * MINUTE);
    const owner = await newSignedIn(h);
    await attack();
    const { page, context } = await h.visit();
    await signIn(page, owner.email);
    await page.locator('[data-step=email-code]').waitFor({ state: 'visible' });
    await expect.poll(() => mailedCode(h, owner.email)).toBeDefined();
    await page.locator('[data-form=email-code] [name=code]').fill((await mailedCode(h, owner.email)) as string);
    await page.locator('[data-form=email-code] [type=submit]').click();
    await page.waitForURL('**/security');
    await context.close();
  });

  it('tells what to do where the work is not taken', async () => {
    h.clock.advance(30 * MINUTE);
    const owner = await newAccount(h);
    await attack();
    const { page, context } = await h.visit();
    await page.route('**/v1/auth/sign-in', async (route) => {
      const { proof, ...body } = route.request().postDataJSON();
      await route.continue({
        postData: JSON.stringify({ ...body, ...(proof && { proof: { ...proof, nonce: 'x' } }) }),
      });
    });
    await signIn(page, owner.email);
    const told = page.getByText('use a browser in which you have signed in before');
    await told.waitFor();
    expect(await page.locator('[data-form=sign-in] [type=submit]').getAttribute('aria-busy')).toBe('false');
    await context.close();
  });
});
