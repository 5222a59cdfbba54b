const PHONE = /^\+[1-9]\d{6,14}$/;

/** How an address is compared: NFC, lower case. What the person typed is kept beside it for sending mail. */
export function emailKey(email: string): string {
  return email.normalize('NFC').trim().toLowerCase();
}

/** The mailbox that an address ends in: what follows a `+` sorts mail into folders of one and the same. */
export function mailboxKey(email: string): string {
  return emailKey(email).replace(/(?<=.)\+[^@]*(?=@)/, '');
}

/** How a username is compared; its pattern keeps it from looking like an address or a number. */
export function usernameKey(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase();
}

/** E.164 without spaces, dashes and brackets, or undefined for what is no international number. */
export function phoneKey(phone: string): string | undefined {
  const digits = phone.replace(/[\s().-]/g, '').replace(/^00/, '+');
  return PHONE.test(digits) ? digits : undefined;
}

/** What somebody typed into the sign-in field, in the one form that is compared and counted. */
export function readIdentifier(typed: string): string {
  if (typed.includes('@')) return emailKey(typed);
  return phoneKey(typed) ?? usernameKey(typed);
}
