import { html } from 'hono/html';

type Html = ReturnType<typeof html>;

const page = (title: string, main: Html) => html`<!doctype html>
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width" />
      <title>${title} · Shop</title>
      <link rel="stylesheet" href="/shop.css" />
    </head>
    <body>
      <main>
        <h1>${title}</h1>
        ${main}
      </main>
    </body>
  </html>`;

const notice = (text: string | undefined) => (text === undefined ? '' : html`<p role="alert">${text}</p>`);

export function signInPage(message?: string): Html {
  return page(
    'Sign in',
    html`${notice(message)}
      <form method="post" action="/sign-in">
        <label>E-mail <input name="identifier" type="email" autocomplete="username" required /></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
        <button>Sign in</button>
      </form>`,
  );
}

export function codePage(challenge: string, message?: string): Html {
  return page(
    'One more step',
    html`${notice(message)}
      <form method="post" action="/second-factor">
        <input name="challenge" type="hidden" value="${challenge}" />
        <label>Code from your authenticator
          <input name="code" inputmode="numeric" autocomplete="one-time-code" required /></label>
        <button>Go on</button>
      </form>`,
  );
}

type Deed = { amount: string | null; currency: string | null; payee: { id: string; name?: string | undefined } | null };

/** What the customer confirms, in the words that Holdfast keeps. */
export function confirmPage(grantId: string, { amount, currency, payee }: Deed, message?: string): Html {
  return page(
    'Confirm your payment',
    html`${notice(message)}
      <p>You pay <strong>${amount} ${currency}</strong> to <strong>${payee?.name}</strong> (${payee?.id}).</p>
      <form method="post" action="/pay/confirm">
        <input name="grantId" type="hidden" value="${grantId}" />
        <label>Code from your authenticator
          <input name="code" inputmode="numeric" autocomplete="one-time-code" required /></label>
        <button>Confirm and pay</button>
      </form>
      <p><a href="/account">Do not pay</a></p>`,
  );
}

type Account = { email: string; acr: string };

export function accountPage({ email, acr }: Account, message?: string): Html {
  return page(
    'Your account',
    html`${notice(message)}
      <p>Signed in as <strong>${email}</strong> (${acr}).</p>
      <form method="post" action="/pay">
        <label>Amount in euros <input name="amount" value="12.34" pattern="\\d+(\\.\\d\\d)?" required /></label>
        <button>Pay</button>
      </form>
      <form method="post" action="/freeze"><button>Freeze my account</button></form>
      <form method="post" action="/sign-out"><button>Sign out</button></form>`,
  );
}

export function frozenPage(caseReference: string): Html {
  return page(
    'Your account is frozen',
    html`<p>Nobody can sign in or pay with it, on any device. Your case is <strong>${caseReference}</strong>.</p>
      <p><a href="/">Back to the start</a></p>`,
  );
}

export function tryLaterPage(): Html {
  return page('One moment', html`<p>We cannot check your sign-in right now. Please try again.</p>`);
}

export const styles = `
body { font: 1rem/1.5 system-ui, sans-serif; background: #f4f4f1; color: #1c1c1a; }
main { max-width: 24rem; margin: 4rem auto; padding: 1.5rem; background: #fff; border-radius: 0.5rem; }
form { display: grid; gap: 0.75rem; margin-top: 1rem; }
label { display: grid; gap: 0.25rem; }
input, button { font: inherit; padding: 0.5rem 0.75rem; border: 1px solid #8a8a80; border-radius: 0.25rem; }
button { background: #1c4f3c; color: #fff; border-color: #1c4f3c; cursor: pointer; }
[role='alert'] { padding: 0.5rem 0.75rem; background: #fbe9d0; border-radius: 0.25rem; }
`;
