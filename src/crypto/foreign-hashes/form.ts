/** A stored hash that can be checked. `isWeak`: cheaper to guess against than what OWASP and ASVS 11.4.2 ask for today. */
export type ReadHash = { stored: string; form: string; isWeak: boolean; verify(secret: string): Promise<boolean> };
export type Fault = { fault: string };
/** Reads texts of one form: undefined for any other, a fault for one that is broken or too expensive to check. */
export type Form = (text: string) => ReadHash | Fault | undefined;

/** Past this a sign-in would take the memory of all others: nobody may import such a hash. */
export const MOST_MEMORY = 256 * 1024 * 1024;

export const tooExpensive = (what: string): Fault => ({ fault: `is too expensive to check: ${what}` });
export const malformed = (what: string): Fault => ({ fault: `is malformed: ${what}` });
