/** Every file a browser may ask for under /assets; what is not listed does not exist. */
export const ownAssets = [
  'activity.js',
  'api.js',
  'case-access.js',
  'case-view.js',
  'case.js',
  'confirm-address.js',
  'confirm.js',
  'contacts.js',
  'docs.js',
  'dom.js',
  'enrolment.js',
  'form.js',
  'freeze.js',
  'grant.js',
  'icon.svg',
  'keep.js',
  'link-token.js',
  'mailed-link.js',
  'pages.css',
  'passkey-proof.js',
  'passkey-sign-in.js',
  'passkeys.js',
  'password.js',
  'recover.js',
  'report.js',
  'reset.js',
  'second-factor.js',
  'security.js',
  'session.js',
  'sessions.js',
  'sha256.js',
  'sign-in.js',
  'sign-up.js',
  'step-up.js',
  'steps.js',
  'text-codes.js',
  'texts.js',
  'times.js',
  'transactions.js',
  'undo.js',
  'unlock.js',
  'work.js',
  'veto.js',
  'webauthn.js',
] as const;

export const packageAssets = {
  'pico.css': '@picocss/pico/css/pico.min.css',
  'swagger-ui.css': 'swagger-ui-dist/swagger-ui.css',
  'swagger-ui-bundle.js': 'swagger-ui-dist/swagger-ui-bundle.js',
} as const;

/** Only where /docs is served. */
export const docsAssets: readonly string[] = ['docs.js', 'swagger-ui.css', 'swagger-ui-bundle.js'];

export type AssetName = (typeof ownAssets)[number] | keyof typeof packageAssets;
