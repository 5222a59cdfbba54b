import type { Context as HonoContext } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { hostAccountRoutes, ownerAccountRoutes, signUpRoutes } from './accounts/routes.ts';
import { agentActivityRoutes, ownerActivityRoutes } from './activity/routes.ts';
import { agentEnrolmentRoutes } from './agent-enrolment/routes.ts';
import { agentAuthRoutes } from './agents/routes.ts';
import { apiKeyRoutes } from './api-keys/routes.ts';
import { appealRoutes } from './appeals/routes.ts';
import { approvalRoutes } from './approvals/routes.ts';
import { bulkFreezeRoutes } from './bulk-freezes/routes.ts';
import { bundleRoutes } from './bundles/routes.ts';
import { caseChangeRoutes } from './case-changes/routes.ts';
import { caseReadingRoutes } from './case-work/routes.ts';
import { ownerCaseRoutes } from './cases/routes.ts';
import { contactRoutes } from './contacts/routes.ts';
import type { Context } from './context.ts';
import { allowOrigins } from './cors.ts';
import { isDatabaseUnavailable } from './db/unavailable.ts';
import { deskRoutes } from './desk/routes.ts';
import { deviceRoutes } from './devices/routes.ts';
import { enrolmentRoutes } from './enrolment/routes.ts';
import { hostErasureRoutes } from './erasure/routes.ts';
import { eventRoutes } from './events/routes.ts';
import { evidenceRoutes } from './evidence/routes.ts';
import { hostExportRoutes, ownerExportRoutes } from './export/routes.ts';
import { frame, requireJson } from './frame.ts';
import { grantRoutes, hostGrantRoutes } from './grants/routes.ts';
import { healthRoutes } from './health/routes.ts';
import { agentHoldRoutes, hostHoldRoutes, ownerHoldRoutes } from './holds/routes.ts';
import { hostEventRoutes } from './host-events/routes.ts';
import { type Env, type Router, router } from './http.ts';
import { keyRoutes } from './keys/routes.ts';
import { text } from './languages/languages.ts';
import { linkedAccountRoutes } from './linked-accounts/routes.ts';
import { linkRoutes } from './links/routes.ts';
import { lostFactorRoutes } from './lost-factor/routes.ts';
import { isOutdone, type MethodTable, methodTable, missing } from './method-table.ts';
import { noticeAddressRoutes } from './notice-addresses/routes.ts';
import { passkeyRoutes, passkeySignInRoutes } from './passkeys/routes.ts';
import { agentPasswordRoutes, ownerPasswordRoutes, passwordRoutes } from './passwords/routes.ts';
import { payeeRoutes } from './payees/routes.ts';
import { stepRoutes } from './playbooks/routes.ts';
import { Problem, problemBody, problems } from './problem.ts';
import { receiptRoutes } from './receipts/routes.ts';
import { agentRecoveryRoutes, recoveryRoutes } from './recovery/routes.ts';
import { releaseRoutes } from './releases/routes.ts';
import { agentReportRoutes, ownerReportRoutes, reportRoutes } from './reports/routes.ts';
import { revocationRoutes } from './revocations/routes.ts';
import { secondFactorRoutes } from './second-factors/routes.ts';
import { ownerSessionRoutes, sessionRoutes } from './sessions/routes.ts';
import { declareShared, type Paths } from './shared-answers.ts';
import { signInRoutes } from './sign-in/routes.ts';
import { smsFactorRoutes } from './sms-factor/routes.ts';
import { staffRoutes } from './staff/routes.ts';
import { stepUpRoutes } from './step-up/routes.ts';
import { ruleRoutes } from './suspicions/routes.ts';
import { ticketRoutes } from './tickets/routes.ts';
import { agentTransactionRoutes, ownerTransactionRoutes, transactionRoutes } from './transactions/routes.ts';
import { unfreezeRoutes } from './unfreeze/routes.ts';
import { verificationRoutes } from './verifications/routes.ts';
import { verifierRoutes } from './verifiers/routes.ts';
import { watchRoutes } from './watches/routes.ts';
import { webRoutes } from './web/routes.ts';
import { windowRoutes } from './windows/routes.ts';

/** Every path of the service. */
export function createApp(ctx: Context): Router {
  const app = router();
  app.use('*', frame(ctx));
  if (ctx.config.allowedOrigins.length > 0)
    for (const path of ['/v1/auth/*', '/v1/me/*']) app.use(path, allowOrigins(ctx.config));
  const allowed: MethodTable = [];
  const written = new Map<string, MethodTable[number]>();
  app.use('/v1/*', (c, next) => {
    const { method, path } = c.req;
    if (isOutdone(written.get(path), method)) throw missing(allowed, method, path);
    return requireJson(c, next);
  });
  app.route('/', healthRoutes(ctx));
  app.route('/', keyRoutes(ctx));
  app.route('/', webRoutes(ctx));
  app.route('/v1', apiRoutes(ctx));
  allowed.push(...methodTable(app));
  for (const entry of allowed) written.set(entry.path, entry);
  app.notFound((c) => answerProblem(ctx, c, missing(allowed, c.req.method, c.req.path)));
  app.onError((error, c) => answerProblem(ctx, c, asProblem(ctx, error, c)));
  return app;
}

function apiRoutes(ctx: Context): Router {
  const api = router();
  for (const routes of [
    signUpRoutes(ctx),
    signInRoutes(ctx),
    enrolmentRoutes(ctx),
    passkeySignInRoutes(ctx),
    sessionRoutes(ctx),
    passwordRoutes(ctx),
    linkRoutes(ctx),
    reportRoutes(ctx),
    recoveryRoutes(ctx),
  ]) {
    api.route('/auth', routes);
  }
  for (const routes of [
    ownerAccountRoutes(ctx),
    ownerExportRoutes(ctx),
    ownerPasswordRoutes(ctx),
    ownerSessionRoutes(ctx),
    deviceRoutes(ctx),
    contactRoutes(ctx),
    noticeAddressRoutes(ctx),
    secondFactorRoutes(ctx),
    passkeyRoutes(ctx),
    stepUpRoutes(ctx),
    smsFactorRoutes(ctx),
    grantRoutes(ctx),
    ownerActivityRoutes(ctx),
    ownerHoldRoutes(ctx),
    unfreezeRoutes(ctx),
    ownerReportRoutes(ctx),
    ownerCaseRoutes(ctx),
    appealRoutes(ctx),
    receiptRoutes(ctx),
    ownerTransactionRoutes(ctx),
  ]) {
    api.route('/me', routes);
  }
  for (const routes of [
    hostAccountRoutes(ctx),
    hostExportRoutes(ctx),
    hostErasureRoutes(ctx),
    verifierRoutes(ctx),
    revocationRoutes(ctx),
    hostEventRoutes(ctx),
    hostHoldRoutes(ctx),
    transactionRoutes(ctx),
    hostGrantRoutes(ctx),
  ]) {
    api.route('/server', routes);
  }
  api.route('/agent/auth', agentAuthRoutes(ctx));
  api.route('/agent/auth', agentEnrolmentRoutes(ctx));
  for (const routes of [
    deskRoutes(ctx),
    agentActivityRoutes(ctx),
    agentHoldRoutes(ctx),
    releaseRoutes(ctx),
    bulkFreezeRoutes(ctx),
    agentPasswordRoutes(ctx),
    caseReadingRoutes(ctx),
    caseChangeRoutes(ctx),
    stepRoutes(ctx),
    evidenceRoutes(ctx),
    bundleRoutes(ctx),
    linkedAccountRoutes(ctx),
    agentRecoveryRoutes(ctx),
    watchRoutes(ctx),
    verificationRoutes(ctx),
    windowRoutes(ctx),
    payeeRoutes(ctx),
    agentReportRoutes(ctx),
    agentTransactionRoutes(ctx),
    lostFactorRoutes(ctx),
    approvalRoutes(ctx),
    staffRoutes(ctx),
    ticketRoutes(ctx),
    eventRoutes(ctx),
    ruleRoutes(ctx),
    apiKeyRoutes(ctx),
  ]) {
    api.route('/agent', routes);
  }
  return api;
}

/** The contract as the routes declare it. Needs no database: nothing is called. */
export function openapiDocument(): object {
  const app = router();
  app.route('/v1', apiRoutes({} as Context));
  for (const [name, description] of Object.entries(schemes)) {
    app.openAPIRegistry.registerComponent('securitySchemes', name, { type: 'http', scheme: 'bearer', description });
  }
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version: '1.0.0',
      description: 'Account security and fraud response for payment and wallet applications.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: 'http://localhost:3000' }],
    tags: ['Anyone', 'Owner', 'Host', 'Agent'].map((name) => ({ name })),
    security: [],
  });
  declareShared(document.paths as Paths);
  return document;
}

const schemes = {
  owner: 'An account holder’s access token',
  caseToken: 'A token for one’s own cases alone',
  recoveryToken: 'From a mailed link, after an agent verified the owner’s identity',
  apiKey: 'A host’s API key, `hf_sk_…`',
  agent: 'A support agent’s access token',
};

/** An unexpected error is logged with the request's id and shows nothing (ASVS 16.5.1). */
function asProblem(ctx: Context, error: Error, c: HonoContext<Env>): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HTTPException && error.status === 400) return new Problem('malformed-json');
  ctx.log.error({ requestId: c.var.client?.requestId, err: error }, 'unexpected error');
  return isDatabaseUnavailable(error) ? new Problem('busy', { retryAfter: 1 }) : new Problem('internal-error');
}

function answerProblem(ctx: Context, c: HonoContext<Env>, problem: Problem): Response {
  const { retryAfter, headers } = problem.options;
  const { locale, requestId } = c.var.client;
  const body = problemBody(problem, ctx.config.publicUrl, requestId, text(locale, `problem.${problem.code}`));
  return c.body(JSON.stringify(body), problems[problem.code], {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...headers,
  });
}
