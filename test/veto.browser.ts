import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserHarness, openBrowserHarness } from './support/browser.ts';
import { newAgent } from './support/harness.ts';
import { newScheduled, statusOf, vetoLink } from './support/lost-factor.ts';

let h: BrowserHarness;
beforeAll(async () => {
  h = await openBrowserHarness({ policy: { 'approvals.minApproverAge': 0 } });
}, 120_000);
afterAll(() => h.close());
afterEach(() => expect(h.complaints()).toEqual([]));

describe('the page behind a veto link', () => {
  it.each([
    ['en-GB', 'Support announced', 'Stop it, that was not me', 'It is stopped'],
    ['zh-CN', '客服通知', '停止，不是我本人', '已停止'],
  ])('in %s says what it is about, and stops it only when pressed', async (locale, about, button, done) => {
    const staff = { agent: await newAgent(h), lead: await newAgent(h, 'lead') };
    const { email, approvalId } = await newScheduled(h, staff);
    const token = await vetoLink(h, email);
    const { page } = await h.visit({ locale });
    await page.goto(`/veto#token=${token}`);
    await page.getByText(about).waitFor();
    expect(page.url()).toBe(`${h.origin}/veto`);
    expect(await statusOf(h, approvalId)).toEqual(['open', null]);
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('heading', { name: done }).waitFor();
    expect(await page.locator('[data-step=done] [data-value=reference]').textContent()).toMatch(/^HF-/);
    expect(await statusOf(h, approvalId)).toEqual(['ended', 'vetoed']);
    const { page: again } = await h.visit({ locale });
    await again.goto(`/veto#token=${token}`);
    await again.locator('[data-step=stale]').waitFor({ state: 'visible' });
  });
});
