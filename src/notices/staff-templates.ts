import type { MailTemplate } from './mail-blocks.ts';

/** What those who work here are told of each other's access. */
export const staffTemplates = {
  'staff-change-requested': {
    subject: 'mail.staff-change-requested.subject',
    blocks: [
      'mail.staff-change-requested.body',
      { paragraph: 'mail.staff.reason', needs: 'note' },
      'facts',
      'mail.staff-change-requested.next',
      'mail.staff.unexpected',
    ],
  },
  'staff-changed': {
    subject: 'mail.staff-changed.subject',
    blocks: [
      'mail.staff-changed.body',
      { paragraph: 'mail.staff.doer', needs: 'doer' },
      { paragraph: 'mail.staff.reason', needs: 'note' },
      'facts',
      'mail.staff.unexpected',
    ],
  },
  'staff-change-ended': {
    subject: 'mail.staff-change-ended.subject',
    blocks: ['mail.staff-change-ended.body', { paragraph: 'mail.staff.reason', needs: 'note' }, 'facts'],
  },
  'own-access-changed': {
    subject: 'mail.own-access-changed.subject',
    blocks: ['mail.own-access-changed.body', 'facts', 'mail.own-access-changed.next'],
  },
  'agent-enrolment': {
    subject: 'mail.agent-enrolment.subject',
    blocks: ['mail.agent-enrolment.body', 'code', 'mail.agent-enrolment.how', 'facts', 'mail.agent-enrolment.not-you'],
  },
} as const satisfies Record<string, MailTemplate>;
