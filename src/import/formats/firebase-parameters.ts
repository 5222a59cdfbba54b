/** A Firebase project's password hash parameters. */
export type FirebaseParameters = { signerKey: Buffer; saltSeparator: Buffer; rounds: number; memCost: number };

/** Reads them as the console shows them (`base64_signer_key: …,`) or as JSON; undefined where one is missing. */
export function readFirebaseParameters(text: string): FirebaseParameters | undefined {
  const of = (name: string) => new RegExp(`"?${name}"?\\s*[:=]\\s*"?([\\w+/=-]*)`).exec(text)?.[1] ?? '';
  const signerKey = Buffer.from(of('base64_signer_key'), 'base64');
  const [rounds, memCost] = [Number(of('rounds')), Number(of('mem_cost'))];
  if (signerKey.length < 32 || !(rounds >= 1) || !(memCost >= 1)) return undefined;
  return { signerKey, saltSeparator: Buffer.from(of('base64_salt_separator'), 'base64'), rounds, memCost };
}
