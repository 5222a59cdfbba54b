import { type Client, HoldfastError, type Verifier } from 'holdfast/client';
import { Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { secureHeaders } from 'hono/secure-headers';
import { forgetSession, keepTokens, tokenOf } from './cookies.ts';
import { accountPage, codePage, frozenPage, signInPage, styles } from './pages.ts';
import { payments } from './pay.ts';
import { type ShopEnv, signedIn } from './signed-in.ts';
import { viaShop } from './via-shop.ts';

const MUST_ENROL = 'Your account needs a second step first. Set it up on the security pages, then come back.';

/** The shop's back end. Passwords pass through it; it keeps nothing of its own about who is signed in. */
export function createShop(holdfast: Client, verifier: Verifier): Hono<ShopEnv> {
  const shop = new Hono<ShopEnv>();
  shop.use(
    secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'none'"], styleSrc: ["'self'"], formAction: ["'self'"] } }),
  );
  shop.use(csrf());
  shop.get('/shop.css', (c) => c.body(styles, 200, { 'content-type': 'text/css' }));

  shop.get('/', (c) => {
    if (tokenOf(c, 'access') !== undefined) return c.redirect('/account');
    return c.html(signInPage(c.req.query('ended') === undefined ? undefined : 'You are signed out.'));
  });

  shop.post('/sign-in', async (c) => {
    const { identifier = '', password = '' } = await c.req.parseBody<Record<string, string>>();
    const deviceToken = tokenOf(c, 'device');
    try {
      const answer = await holdfast.signIn(
        { identifier, password, ...(deviceToken === undefined ? {} : { deviceToken }) },
        viaShop(c),
      );
      if (answer.status === 'second-factor-required') return c.html(codePage(answer.challenge));
      if (answer.status === 'enrolment-required') return c.html(signInPage(MUST_ENROL));
      keepTokens(c, answer);
      return c.redirect('/account', 303);
    } catch (error) {
      return c.html(signInPage(explain(error)), 401);
    }
  });

  shop.post('/second-factor', async (c) => {
    const { challenge = '', code = '' } = await c.req.parseBody<Record<string, string>>();
    try {
      const answer = await holdfast.answerSecondFactor({ challenge, factor: 'totp', code }, viaShop(c));
      if (answer.status === 'enrolment-required') return c.html(signInPage(MUST_ENROL));
      keepTokens(c, answer);
      return c.redirect('/account', 303);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'invalid-code') {
        return c.html(codePage(challenge, explain(error)), 401);
      }
      return c.html(signInPage(explain(error)), 401);
    }
  });

  const guarded = signedIn(holdfast, verifier);

  shop.get('/account', guarded, async (c) => c.html(accountPage(await accountOf(c.var.claims))));

  shop.use('/pay/*', guarded);
  shop.route('/pay', payments(holdfast, explain));

  shop.post('/freeze', guarded, async (c) => {
    const { caseReference } = await holdfast.freezeOwnAccount({}, viaShop(c, { token: c.var.accessToken }));
    forgetSession(c);
    return c.html(frozenPage(caseReference));
  });

  shop.post('/sign-out', guarded, async (c) => {
    await holdfast.signOut({}, viaShop(c, { token: c.var.accessToken }));
    forgetSession(c);
    return c.redirect('/?ended', 303);
  });

  async function accountOf({ sub, acr }: { sub: string; acr: string }) {
    const { email } = await holdfast.getAccount({ id: sub });
    return { email, acr };
  }

  return shop;
}

/** What a refusal means to the person in front of the page. */
function explain(error: unknown): string {
  if (!(error instanceof HoldfastError)) throw error;
  const texts: Record<string, string> = {
    'invalid-credentials': 'E-mail or password is wrong.',
    'invalid-code': 'That code is not right.',
    'invalid-challenge': 'That took too long, or there were too many wrong codes. Please start again.',
    'account-held': 'This account is frozen.',
    'no-second-factor': 'Payments from 100 euros on need a second factor. Add one to your account first.',
    'too-many-attempts': `Too many attempts. Try again in ${Math.ceil((error.retryAfter ?? 60) / 60)} minutes.`,
  };
  return texts[error.code] ?? 'That did not work. Please try again.';
}
