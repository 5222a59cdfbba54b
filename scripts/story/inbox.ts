import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, expectStatus, StoryError } from './call.ts';

const PATIENCE_MS = 10_000;
const PAUSE_MS = 50;

export type Mail = { id: string; at: string; to: string; subject: string; text: string };

/** Waits for the newest mail to this address that `isWanted`: mails leave after the answer that caused them. */
export async function awaitMail(
  call: Call,
  to: string,
  what: string,
  isWanted: (mail: Mail) => boolean,
): Promise<Mail> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { body } = expectStatus(await call('GET', '/dev/inbox'), 200);
    const mails: Mail[] = body.items.filter((mail: Mail) => mail.to === to);
    const found = mails.find(isWanted);
    if (found) return found;
    if (performance.now() > deadline) {
      const subjects = mails.map((mail) => mail.subject).join(', ') || 'nothing';
      throw new StoryError(
        `the inbox of ${to}\nexpected  ${what} within ${PATIENCE_MS / 1000} s\ngot       ${subjects}`,
      );
    }
    await sleep(PAUSE_MS);
  }
}

/** The token of the mail's link to this page, which stands in the fragment and so never reaches a server's log. */
export function tokenIn(mail: Mail, page: string): string | undefined {
  return new RegExp(`/${page}#token=(\\S+)`).exec(mail.text)?.[1];
}
