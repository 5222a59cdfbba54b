import type { Context } from '../context.ts';
import { type Router, router } from '../http.ts';
import { openAssets } from './assets.ts';
import { inboxRoutes } from './dev-inbox.ts';
import { docsRoutes } from './docs.ts';
import { pageShower } from './layout.ts';
import type { Page } from './page.ts';
import { casePage } from './pages/case.ts';
import { confirmPage } from './pages/confirm.ts';
import { confirmAddressPage, confirmNoticeAddressPage } from './pages/confirm-address.ts';
import { freezePage } from './pages/freeze.ts';
import { grantPage } from './pages/grant.ts';
import { landingPage } from './pages/landing.ts';
import { recoverPage } from './pages/recover.ts';
import { reportPage } from './pages/report.ts';
import { resetPage } from './pages/reset.ts';
import { securityPage } from './pages/security.ts';
import { signInPage } from './pages/sign-in.ts';
import { signUpPage } from './pages/sign-up.ts';
import { undoPage } from './pages/undo.ts';
import { unlockPage } from './pages/unlock.ts';
import { vetoPage } from './pages/veto.ts';
import { problemRoutes } from './problem-page.ts';

const pages: readonly Page[] = [
  landingPage,
  signUpPage,
  signInPage,
  confirmPage,
  confirmAddressPage,
  confirmNoticeAddressPage,
  resetPage,
  recoverPage,
  securityPage,
  freezePage,
  unlockPage,
  grantPage,
  undoPage,
  vetoPage,
  casePage,
  reportPage,
];

/** The pages that mails and newcomers need. They hold no data: their scripts call the same API as everybody. */
export function webRoutes(ctx: Context): Router {
  const assets = openAssets(!ctx.config.production);
  const show = pageShower(ctx, assets);
  const app = router();
  for (const { path, ...page } of pages) app.get(path, (c) => show(c, page));
  for (const routes of [assets.routes, problemRoutes(show), docsRoutes(ctx, assets), inboxRoutes(ctx, show)]) {
    app.route('/', routes);
  }
  return app;
}
