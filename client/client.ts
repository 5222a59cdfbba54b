import { type CallOptions, type ClientOptions, call } from './call.ts';
import { type OperationName, type Operations, operations } from './operations.ts';

/** Every operation of the contract by its name. Path, query and body go into one object. */
export type Client = {
  [Name in OperationName]: (...args: Arguments<Operations[Name]['input']>) => Promise<Operations[Name]['answer']>;
};

/** The input may be left out where nothing in it is required. */
type Arguments<Input> =
  Record<never, never> extends Input ? [input?: Input, options?: CallOptions] : [input: Input, options?: CallOptions];

/**
 * Typed calls that throw HoldfastError for every refusal. Reads are repeated when they fail in passing; so is a POST of
 * the host or an agent, whose Idempotency-Key makes it have one effect. Nothing else is repeated.
 */
export function createClient(options: ClientOptions): Client {
  const calls = (Object.keys(operations) as OperationName[]).map((name) => [
    name,
    (input?: Record<string, unknown>, rest?: CallOptions) => call(options, name, input, rest),
  ]);
  return Object.fromEntries(calls) as Client;
}
