export type { CallOptions, ClientOptions } from './call.ts';
export { type Client, createClient } from './client.ts';
export { type ErrorCode, HoldfastError, type RefusalCode, VerificationError } from './errors.ts';
export type { OperationName, Operations } from './operations.ts';
export { solveProof } from './proof.ts';
export type { Claims } from './token.ts';
export { createVerifier, type Demand, type Verifier, type VerifierOptions } from './verifier.ts';
