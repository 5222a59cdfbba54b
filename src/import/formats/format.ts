import type { FirebaseParameters } from './firebase-parameters.ts';

/** What the operator says of a file beside its lines. */
export type Hints = { firebase?: FirebaseParameters | undefined };
/** Brings a line of another system into the project's own form, still unchecked. Throws LineFault. */
export type Format = (line: unknown, hints: Hints) => unknown;
