import type { Inbox } from './inbox.ts';
import { isSingleAddress, parseSender } from './mail-address.ts';
import { asMailError, MailError } from './mail-error.ts';

type OutgoingMail = {
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The same for every try of one delivery, so that receivers can drop the second copy. */
  messageId: string;
  autoSubmitted?: 'auto-generated' | 'auto-replied';
};

export type Mailer = {
  send(mail: OutgoingMail): Promise<void>;
  close(): void;
};

export async function openMailer(options: {
  smtpUrl?: string | undefined;
  from: string;
  inbox: Inbox | undefined;
}): Promise<Mailer> {
  const sender = parseSender(options.from);
  if (options.smtpUrl) return await smtpMailer(options.smtpUrl, sender);
  if (options.inbox) return inboxMailer(options.inbox, options.from);
  throw new Error('mails need SMTP_URL or the development inbox');
}

async function smtpMailer(smtpUrl: string, sender: { name: string; address: string }): Promise<Mailer> {
  const { openSmtp } = await import('./smtp.ts');
  const transport = openSmtp(smtpUrl);
  // An error of an idle connection has no send to fail; unheard it would end the process.
  transport.on('error', () => {});

  return {
    async send(mail) {
      refuseUnsafe(mail);
      try {
        await transport.sendMail({
          from: sender,
          // An object, not a string: a string is parsed and can name someone else.
          to: { name: '', address: mail.to },
          envelope: { from: sender.address, to: [mail.to] },
          subject: mail.subject,
          text: mail.text,
          html: mail.html,
          messageId: fullMessageId(mail.messageId, sender.address),
          date: new Date(),
          headers: {
            'Auto-Submitted': mail.autoSubmitted ?? 'auto-generated',
            'X-Auto-Response-Suppress': 'All',
          },
          disableFileAccess: true,
          disableUrlAccess: true,
        });
      } catch (error) {
        throw asMailError(error);
      }
    },
    close() {
      transport.close();
    },
  };
}

function inboxMailer(inbox: Inbox, from: string): Mailer {
  return {
    async send(mail) {
      refuseUnsafe(mail);
      const { to, subject, text, html, messageId } = mail;
      await inbox.put({ from, to, subject, text, html, messageId });
    },
    close() {},
  };
}

function refuseUnsafe(mail: OutgoingMail): void {
  if (!isSingleAddress(mail.to)) throw new MailError('not one mail address', 'recipient-invalid', true);
  if (/\p{Cc}/u.test(mail.subject)) throw new MailError('control characters in the subject', 'subject-invalid', true);
  if (!/^<?[\w.+-]+(@[\w.-]+)?>?$/.test(mail.messageId)) {
    throw new MailError('not a message id', 'message-id-invalid', true);
  }
}

function fullMessageId(messageId: string, senderAddress: string): string {
  const bare = messageId.replace(/^<|>$/g, '');
  return bare.includes('@') ? `<${bare}>` : `<${bare}@${senderAddress.slice(senderAddress.lastIndexOf('@') + 1)}>`;
}
