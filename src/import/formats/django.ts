import type { Format } from './format.ts';
import { asMembers, instantIn, localeOf, objectIn, refuseShut, textIn, usernameBeside } from './members.ts';

/** A line of `manage.py dumpdata auth.user --format jsonl`; a user model of one's own will do if it keeps the names. */
export const django: Format = (line) => {
  const object = asMembers(line);
  const fields = objectIn(object, 'fields') ?? object;
  refuseShut(fields['is_active'] === false, '/fields/is_active');
  const email = textIn(fields, 'email');
  const password = textIn(fields, 'password');
  return {
    email,
    username: usernameBeside(email, textIn(fields, 'username')),
    locale: localeOf(textIn(fields, 'language')),
    externalId: object['pk'] === undefined ? undefined : String(object['pk']),
    createdAt: instantIn(fields, 'date_joined'),
    // Django's mark for an account without a usable password.
    passwordHash: password?.startsWith('!') ? undefined : password,
  };
};
