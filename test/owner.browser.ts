import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { newOwner, PASSWORD } from './support/harness.ts';
import { decide, move } from './support/payer.ts';
import { count, mailedToken } from './support/seed.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness();
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

const shown = (page: Page, step: string) => page.locator(`[data-step=${step}]`).waitFor({ state: 'visible' });

async function send(page: Page, form: string, values: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(values))
    await page.locator(`[data-form=${form}] [name=${name}]:not([type=radio])`).fill(value);
  await page.locator(`[data-form=${form}] [type=submit]`).click();
}

describe('somebody signed out', () => {
  it.each([
    ['en', 'Report a problem', 'Yes, it was me'],
    ['zh-CN', '报告问题', '是的，是我提交的'],
  ])('reports in %s, and makes it urgent from the mail', async (language, title, yes) => {
    const owner = await newOwner(h, { locale: language });
    const { page } = await h.visit();
    await page.goto(`/report?lang=${language}`);
    await shown(page, 'report');
    expect(await page.locator('h1:visible').textContent()).toContain(title);
    await page.locator('input[value=scam]').check();
    await send(page, 'report', { identifier: owner.email, message: 'They called me', contact: '+49 30 1' });
    await shown(page, 'received');
    expect(await page.locator('[data-step=received] [data-value=reference]').textContent()).toMatch(/^HF-/);
    expect(await count(h, 'anonymous_reports', owner.accountId, "kind = 'scam'")).toBe(1);

    await page.goto(`/report?lang=${language}#token=${await mailedToken(h, owner.email, 'report')}`);
    await shown(page, 'press');
    expect(page.url()).not.toContain('token');
    expect(await page.locator('[data-form=confirm] [type=submit]').textContent()).toBe(yes);
    expect(await count(h, 'cases', owner.accountId, "priority = 'urgent'")).toBe(0);
    await page.locator('[data-form=confirm] [type=submit]').click();
    await shown(page, 'done');
    expect(await count(h, 'cases', owner.accountId, "priority = 'urgent'")).toBe(1);
  });
});

describe('an owner', () => {
  it('says how a closed case went, disagrees, and finds it open again', async () => {
    const owner = await newOwner(h);
    const report = { kind: 'complaint', message: 'Not served well' };
    await h.post('/v1/me/reports', report, { token: owner.accessToken });
    await h.pool.query("update cases set closed_at = now(), outcome = 'declined' where account_id = $1", [
      owner.accountId,
    ]);
    const { page } = await h.visit();
    await page.goto('/sign-in?next=/case');
    await send(page, 'sign-in', { identifier: owner.email, password: PASSWORD });
    await page.locator('[data-list=cases] button').click();
    await page.locator('input[name=rating][value="2"]').check();
    await send(page, 'feedback', { text: 'Nobody listened' });
    await page.locator('[data-said]:visible').getByText('Thank you').waitFor();
    expect(await count(h, 'case_feedback', owner.accountId, 'rating = 2')).toBe(1);
    await send(page, 'appeal', { message: 'Please look again' });
    await page.locator('[data-said]:visible').getByText('is open again').waitFor();
    expect(await page.locator('[data-ended]').isHidden()).toBe(true);
    expect(await page.locator('[data-list=messages]').textContent()).toContain('Please look again');
  });

  it('says on the security page that a payment is not theirs, and takes it back', async () => {
    const owner = await newOwner(h);
    await decide(h, move(owner));
    const { page } = await h.visit();
    await page.goto('/sign-in?next=/security');
    await send(page, 'sign-in', { identifier: owner.email, password: PASSWORD });
    const card = page.locator('[data-transactions]');
    await card.locator('li').waitFor();
    expect(await card.locator('li').textContent()).toMatch(/€12\.50 · Shoe Shop.*Payment · under way/);
    await card.getByRole('button', { name: /is not mine/ }).click();
    await card.locator('[data-marked]').waitFor({ state: 'visible' });
    expect(await card.locator('[data-marked]').textContent()).toMatch(/Case HF-\S+ is open/);
    expect(await card.locator('li').textContent()).toMatch(/stopped.*You said that this is not yours/);
    await card.getByRole('button', { name: /is mine after all/ }).click();
    await card.getByRole('button', { name: /is not mine/ }).waitFor();
    expect(await count(h, 'transactions', owner.accountId, "marked_mine and decision = 'deny'")).toBe(1);
  });
});
