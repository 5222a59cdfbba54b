// @ts-check
import { bindActivity, showActivity } from './activity.js';
import { Refusal } from './api.js';
import { bindContacts, showContacts } from './contacts.js';
import { element, fill, find, onPress } from './dom.js';
import { bindButtons, describe, onSubmit, tell } from './form.js';
import { bindKeeping } from './keep.js';
import { bindPasskeys, showPasskeys } from './passkeys.js';
import { bindPassword, showPassword } from './password.js';
import { bindSecondFactor, showSecondFactor } from './second-factor.js';
import { asOwner, noteSignedIn, signOut } from './session.js';
import { bindSessions, showSessions } from './sessions.js';
import { bindStepUp, showStepUp } from './step-up.js';
import { show } from './steps.js';
import { bindTextCodes, showTextCodes } from './text-codes.js';
import { say } from './texts.js';
import { formatTime } from './times.js';
import { bindTransactions, showTransactions } from './transactions.js';

/** @typedef {{ scope: string, since: string, until: string | null }} Hold */

bindButtons();
bindKeeping();
bindPassword(load);
bindContacts(load);
bindSecondFactor(load);
bindPasskeys(load);
bindTextCodes(load);
bindSessions();
bindTransactions();
bindStepUp();
bindActivity(showFrozen);
onPress('[data-sign-out]', signOut);
onSubmit('freeze', async ({ message }) => {
  const { caseReference, receipt } = await asOwner('POST', '/v1/me/freeze', message === undefined ? {} : { message });
  showFrozen({ caseReference, receipt });
});

try {
  await load();
  show('overview');
} catch (error) {
  tell(
    find('[data-step=wait] p', HTMLElement),
    describe(error instanceof Refusal ? error : new Refusal('unexpected', {}, 0)),
  );
}

async function load() {
  const me = await asOwner('GET', '/v1/me');
  noteSignedIn(true);
  fill(document, { email: me.email });
  showHolds(me.holds);
  showStepUp(me.secondFactor);
  showPassword(me);
  await showSecondFactor(me.secondFactor);
  await showPasskeys(me.secondFactor);
  const hasFactor = me.secondFactor.totp || me.secondFactor.passkeys > 0;
  const { offersTexts } = await showContacts(hasFactor);
  showTextCodes(me.secondFactor.sms, offersTexts && hasFactor);
  await showSessions();
  await showTransactions();
  await showActivity();
}

/** @param {{ caseReference: string, receipt: string }} told */
function showFrozen({ caseReference, receipt }) {
  noteSignedIn(false);
  fill(show('frozen'), { reference: caseReference, receipt });
}

/** @param {Hold[]} holds */
function showHolds(holds) {
  find('[data-holds]', HTMLElement).hidden = holds.length === 0;
  find('[data-list=holds]', HTMLElement).replaceChildren(
    ...holds.map(({ scope, until }) => {
      const end = until === null ? say('page.hold.open') : say('page.hold.until', { until: formatTime(until) });
      return element('li', {}, `${say(`page.scope.${scope}`)} `, element('small', {}, end));
    }),
  );
}
