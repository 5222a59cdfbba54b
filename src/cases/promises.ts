import { type Calendar, dueBy } from '../calendar/calendar.ts';
import { readCalendar } from '../calendar/written.ts';
import { playbooks } from '../playbooks/rules.ts';
import type { Policy } from '../policy.ts';
import type { CaseKind, Priority } from './rules.ts';

/** When the people of this installation work. */
function calendarOf(policy: Policy): Calendar {
  return readCalendar({
    zone: policy['hours.zone'],
    days: policy['hours.days'],
    open: policy['hours.open'],
    close: policy['hours.close'],
    holidays: policy['hours.holidays'],
  });
}

/** By when the first answer is promised: urgent cases day and night, others as the calendar goes. */
export function respondBy(policy: Policy, priority: Priority, openedAt: Date): Date {
  const isUrgent = priority === 'urgent';
  const within = isUrgent ? policy['sla.urgent'] : policy['sla.other'];
  return dueBy(isUrgent ? undefined : calendarOf(policy), { within }, openedAt);
}

/** What a case of this kind promises beside the first answer. A refund is decided by a business day, however urgent it is. */
export function promisesOf(policy: Policy, kind: CaseKind, priority: Priority, openedAt: Date) {
  const { solve, refund } = playbooks[kind].promises;
  const calendar = calendarOf(policy);
  const within = solve && { within: policy[solve] };
  return {
    solve_by: within ? dueBy(priority === 'urgent' ? undefined : calendar, within, openedAt) : null,
    refund_due_at: refund ? dueBy(calendar, { businessDays: policy[refund] }, openedAt) : null,
  };
}
