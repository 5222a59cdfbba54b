import { toFirebaseScrypt } from '../../crypto/foreign-hashes/scrypt.ts';
import { LineFault } from '../fault.ts';
import type { Format, Hints } from './format.ts';
import { asMembers, base64In, instantIn, isTrue, type Members, refuseShut, textIn } from './members.ts';

/** A member of `users` in what `firebase auth:export` writes. A phone number there was confirmed by a text. */
export const firebase: Format = (line, hints) => {
  const user = asMembers(line);
  refuseShut(isTrue(user, 'disabled'), '/disabled');
  return {
    email: user['email'] ?? undefined,
    emailConfirmed: isTrue(user, 'emailVerified'),
    phone: textIn(user, 'phoneNumber'),
    phoneConfirmed: textIn(user, 'phoneNumber') !== undefined,
    externalId: textIn(user, 'localId'),
    createdAt: instantIn(user, 'createdAt'),
    passwordHash: hashIn(user, hints),
  };
};

function hashIn(user: Members, { firebase: parameters }: Hints): string | undefined {
  if (textIn(user, 'passwordHash') === undefined) return undefined;
  if (!parameters) throw new LineFault('/passwordHash', 'needs the parameters of the project: --hash-config');
  return toFirebaseScrypt({
    ln: parameters.memCost,
    r: parameters.rounds,
    salt: base64In(user, 'salt'),
    separator: parameters.saltSeparator,
    hash: base64In(user, 'passwordHash'),
    signerKey: parameters.signerKey,
  });
}
