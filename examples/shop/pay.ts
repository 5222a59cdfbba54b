import { type Client, HoldfastError, type Operations } from 'holdfast/client';
import type { Context } from 'hono';
import { Hono } from 'hono';
import { accountPage, confirmPage } from './pages.ts';
import type { ShopEnv } from './signed-in.ts';
import { viaShop } from './via-shop.ts';

/** From here on the customer confirms amount and payee with their second factor. */
const CONFIRM_FROM = 100;
const payee = { id: 'shop', name: 'The Example Shop' };

type Payment = { amount: string; currency: string; grant?: string };
type Explain = (error: unknown) => string;

/** Behind the guard: a small payment is decided at once, a large one is confirmed first (PSD2 RTS 5). */
export function payments(holdfast: Client, explain: Explain): Hono<ShopEnv> {
  const pay = new Hono<ShopEnv>();

  pay.post('/', async (c) => {
    const { amount = '' } = await c.req.parseBody<Record<string, string>>();
    const payment = { amount, currency: 'EUR' };
    try {
      if (Number(amount) < CONFIRM_FROM) return await decide(c, payment);
      const { grantId, display } = await holdfast.requestGrant({ action: 'payment', ...payment, payee }, asCustomer(c));
      return c.html(confirmPage(grantId, display));
    } catch (error) {
      return await back(c, explain(error), 422);
    }
  });

  pay.post('/confirm', async (c) => {
    const { grantId = '', code = '' } = await c.req.parseBody<Record<string, string>>();
    try {
      // What is paid is what Holdfast keeps, not what a form says.
      const { display } = await holdfast.getGrant({ id: grantId }, asCustomer(c));
      try {
        const { grant } = await holdfast.confirmGrant({ id: grantId, code }, asCustomer(c));
        return await decide(c, { amount: display.amount ?? '', currency: display.currency ?? '', grant });
      } catch (error) {
        if (!(error instanceof HoldfastError && error.code === 'invalid-code')) throw error;
        return c.html(confirmPage(grantId, display, explain(error)), 401);
      }
    } catch (error) {
      return await back(c, explain(error), 422);
    }
  });

  async function decide(c: Context<ShopEnv>, payment: Payment) {
    const { sub: accountId, sid: sessionId } = c.var.claims;
    const transaction = { accountId, sessionId, transactionId: crypto.randomUUID(), kind: 'payment', payee } as const;
    return await back(c, told(await holdfast.decideTransaction({ ...transaction, ...payment })), 200);
  }

  async function back(c: Context<ShopEnv>, message: string, status: 200 | 422) {
    const { sub, acr } = c.var.claims;
    const { email } = await holdfast.getAccount({ id: sub });
    return c.html(accountPage({ email, acr }, message), status);
  }

  return pay;
}

const asCustomer = (c: Context<ShopEnv>) => viaShop(c, { token: c.var.accessToken });

function told({ decision }: Operations['decideTransaction']['answer']): string {
  if (decision === 'allow') return 'Paid.';
  if (decision === 'challenge') return 'This payment was not confirmed. Please start again.';
  return decision === 'deny' ? 'This payment was refused.' : 'This payment waits for a check.';
}
