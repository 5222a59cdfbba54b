import { freeze, type MailTemplate, manage, veto } from './mail-blocks.ts';

/** What is told of holds and of the weeks after them, from being placed to being lifted. */
export const holdTemplates = {
  'hold-placed': {
    subject: 'mail.hold-placed.subject',
    blocks: [
      'mail.hold-placed.body',
      { paragraph: 'mail.hold-placed.until', needs: 'until' },
      'facts',
      'mail.hold-placed.next',
      manage,
    ],
  },
  'hold-release-scheduled': {
    subject: 'mail.hold-release-scheduled.subject',
    blocks: [
      'mail.hold-release-scheduled.body',
      'facts',
      'mail.hold-release-scheduled.known',
      { paragraph: 'mail.hold-release-scheduled.veto', needs: 'vetoToken' },
      veto,
    ],
  },
  'hold-release-cancelled': {
    subject: 'mail.hold-release-cancelled.subject',
    blocks: ['mail.hold-release-cancelled.body', 'facts', 'mail.hold-release-cancelled.next'],
  },
  'break-glass-used': {
    subject: 'mail.break-glass-used.subject',
    blocks: ['mail.break-glass-used.body', 'facts', 'mail.break-glass-used.next'],
  },
  'watch-began': {
    subject: 'mail.watch-began.subject',
    blocks: ['mail.watch-began.body', 'facts', 'mail.watch-began.known', ...freeze],
  },
  'watch-ended': {
    subject: 'mail.watch-ended.subject',
    blocks: ['mail.watch-ended.body', 'facts', 'mail.watch-ended.known', ...freeze],
  },
  'hold-released': {
    subject: 'mail.hold-released.subject',
    blocks: ['mail.hold-released.body', 'facts', ...freeze, 'mail.hold-released.links'],
  },
} as const satisfies Record<string, MailTemplate>;
