import { auth0 } from './auth0.ts';
import { django } from './django.ts';
import { firebase } from './firebase.ts';
import type { Format } from './format.ts';
import { keycloak } from './keycloak.ts';

/** Whose files can be read. */
export const formats = {
  holdfast: (line) => line,
  auth0,
  firebase,
  keycloak,
  django,
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as [FormatName, ...FormatName[]];
