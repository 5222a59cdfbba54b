import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** What an authenticator, or the browser before it, can be told to do wrong. */
export type Misbehaviour = {
  origin?: string;
  rpId?: string;
  type?: string;
  challenge?: string;
  crossOrigin?: boolean;
  isUserPresent?: boolean;
  isUserVerified?: boolean;
  /** The sign counter it reports, whatever it counted. */
  signCount?: number;
  hasAlteredSignature?: boolean;
  /** Null for none at all. */
  userHandle?: string | null;
  /** Attestation that nobody asked for: signed by the credential's own key, or by a certificate. */
  attestation?: 'none' | 'self' | 'certificate';
};

export type CreationOptions = {
  challenge: string;
  rp: { id: string; name: string };
  user: { id: string; name: string; displayName: string };
  pubKeyCredParams: { type: string; alg: number }[];
  excludeCredentials?: { id: string; type: string }[];
  authenticatorSelection?: { residentKey?: string; userVerification?: string };
};
export type RequestOptions = {
  challenge: string;
  rpId: string;
  allowCredentials?: { id: string; type: string }[];
  userVerification?: string;
};

export type RegistrationJson = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; attestationObject: string; transports: string[] };
  clientExtensionResults: Record<string, unknown>;
  authenticatorAttachment: string;
};
export type AssertionJson = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string };
  clientExtensionResults: Record<string, unknown>;
  authenticatorAttachment: string;
};

type Resident = { id: Buffer; rpId: string; userHandle: Buffer; privateKey: KeyObject; alg: number; signCount: number };
export type AuthenticatorOptions = {
  /** COSE algorithms it can do, the one it likes best first: -7 is ES256, -8 is EdDSA. */
  algorithms?: number[];
  /** A passkey that is synchronised between devices, as phones and password managers make them. */
  isSynced?: boolean;
  /** False for those that never count and always say 0. */
  counts?: boolean;
};

export type Authenticator = {
  /** `navigator.credentials.create()` (WebAuthn Level 3 5.1.3, 6.3.2). Throws where a browser would refuse. */
  create(options: CreationOptions, misbehaviour?: Misbehaviour): RegistrationJson;
  /** `navigator.credentials.get()` (WebAuthn Level 3 5.1.4, 6.3.3). Throws where it has no passkey that fits. */
  get(options: RequestOptions, misbehaviour?: Misbehaviour): AssertionJson;
  /** The same key in two places: it goes on counting from here on its own. */
  clone(): Authenticator;
};

const AAGUID = Buffer.from('9d3df6ba282f11edaec20242ac120002', 'hex');

/** An authenticator in software, from the specification alone: it shares no code with what checks it. */
export function newAuthenticator(origin: string, options: AuthenticatorOptions = {}): Authenticator {
  return withResidents(origin, options, []);
}

function withResidents(origin: string, options: AuthenticatorOptions, residents: Resident[]): Authenticator {
  const { algorithms = [-7], isSynced = false, counts = true } = options;
  return {
    create(asked, wrong = {}) {
      const known = (asked.excludeCredentials ?? []).some(({ id }) =>
        residents.some((own) => base64url(own.id) === id),
      );
      if (known) throw new Error('InvalidStateError');
      const alg = algorithms.find((each) => asked.pubKeyCredParams.some((param) => param.alg === each));
      if (alg === undefined) throw new Error('NotSupportedError');
      const { publicKey, privateKey } = keyPair(alg);
      const id = randomBytes(32);
      const resident = {
        ...{ id, rpId: asked.rp.id, userHandle: fromBase64url(asked.user.id), privateKey, alg },
        signCount: 0,
      };
      residents.push(resident);
      const attested = Buffer.concat([AAGUID, uint16(id.length), id, coseKey(publicKey, alg)]);
      const authData = authenticatorData({ asked: asked.rp.id, signCount: 0, isSynced, attested }, wrong);
      const clientData = clientDataJson('webauthn.create', asked.challenge, origin, wrong);
      return {
        ...outline(id),
        response: {
          clientDataJSON: base64url(clientData),
          attestationObject: base64url(attestationObject(authData, clientData, resident, wrong)),
          transports: isSynced ? ['hybrid', 'internal'] : ['usb'],
        },
      };
    },
    get(asked, wrong = {}) {
      const allowed = asked.allowCredentials ?? [];
      const resident = residents
        .filter((own) => own.rpId === asked.rpId)
        .findLast((own) => allowed.length === 0 || allowed.some(({ id }) => id === base64url(own.id)));
      if (!resident) throw new Error('NotAllowedError');
      if (counts) resident.signCount += 1;
      const authData = authenticatorData({ asked: asked.rpId, signCount: resident.signCount, isSynced }, wrong);
      const clientData = clientDataJson('webauthn.get', asked.challenge, origin, wrong);
      const signature = signWith(resident, Buffer.concat([authData, sha256(clientData)]));
      if (wrong.hasAlteredSignature) signature[signature.length - 1] = (signature.at(-1) as number) ^ 1;
      const userHandle = wrong.userHandle === undefined ? base64url(resident.userHandle) : wrong.userHandle;
      return {
        ...outline(resident.id),
        response: {
          clientDataJSON: base64url(clientData),
          authenticatorData: base64url(authData),
          signature: base64url(signature),
          ...(userHandle === null ? {} : { userHandle }),
        },
      };
    },
    clone: () =>
      withResidents(
        origin,
        options,
        residents.map((resident) => ({ ...resident })),
      ),
  };
}

const outline = (id: Buffer) => ({
  id: base64url(id),
  rawId: base64url(id),
  type: 'public-key' as const,
  clientExtensionResults: {},
  authenticatorAttachment: 'platform',
});

/** WebAuthn Level 3 5.8.1. */
function clientDataJson(type: string, challenge: string, origin: string, wrong: Misbehaviour): Buffer {
  const data = {
    type: wrong.type ?? type,
    challenge: wrong.challenge ?? challenge,
    origin: wrong.origin ?? origin,
    crossOrigin: wrong.crossOrigin ?? false,
  };
  return Buffer.from(JSON.stringify(data));
}

type Data = { asked: string; signCount: number; isSynced: boolean; attested?: Buffer };

/** WebAuthn Level 3 6.1: hash of the RP id, flags, counter, and the new credential if there is one. */
function authenticatorData({ asked, signCount, isSynced, attested }: Data, wrong: Misbehaviour): Buffer {
  const [UP, UV, BE, BS, AT] = [0x01, 0x04, 0x08, 0x10, 0x40];
  const flags =
    ((wrong.isUserPresent ?? true) ? UP : 0) |
    ((wrong.isUserVerified ?? true) ? UV : 0) |
    (isSynced ? BE | BS : 0) |
    (attested ? AT : 0);
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(wrong.signCount ?? signCount);
  return Buffer.concat([
    ...[sha256(Buffer.from(wrong.rpId ?? asked)), Buffer.from([flags]), counter],
    attested ?? Buffer.alloc(0),
  ]);
}

/** WebAuthn Level 3 6.5: `none`, or `packed` for the sake of those who send it unasked. */
function attestationObject(authData: Buffer, clientData: Buffer, resident: Resident, wrong: Misbehaviour): Buffer {
  const kind = wrong.attestation ?? 'none';
  const sig = signWith(resident, Buffer.concat([authData, sha256(clientData)]));
  const x5c = kind === 'certificate' ? [['x5c', [Buffer.from('3003020100', 'hex')]] as const] : [];
  const statement = kind === 'none' ? [] : ([['alg', resident.alg], ['sig', sig], ...x5c] as const);
  return cbor(
    new Map<Cbor, Cbor>([
      ['fmt', kind === 'none' ? 'none' : 'packed'],
      ['attStmt', new Map<Cbor, Cbor>(statement as [Cbor, Cbor][])],
      ['authData', authData],
    ]),
  );
}

function keyPair(alg: number) {
  return alg === -8 ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function signWith({ alg, privateKey }: Resident, data: Buffer): Buffer {
  return sign(alg === -8 ? null : 'sha256', data, privateKey);
}

/** RFC 9053 7.1 and 7.2: an EC2 key of P-256, or an OKP key of Ed25519. */
function coseKey(key: KeyObject, alg: number): Buffer {
  const { x, y } = key.export({ format: 'jwk' });
  const parts: [number, Cbor][] =
    alg === -8
      ? [
          ...([
            [1, 1],
            [3, -8],
            [-1, 6],
          ] as [number, Cbor][]),
          [-2, fromBase64url(x as string)],
        ]
      : [
          ...([
            [1, 2],
            [3, -7],
            [-1, 1],
          ] as [number, Cbor][]),
          [-2, fromBase64url(x as string)],
          [-3, fromBase64url(y as string)],
        ];
  return cbor(new Map<Cbor, Cbor>(parts));
}

type Cbor = number | string | Buffer | Cbor[] | Map<Cbor, Cbor>;

/** What authenticators need of RFC 8949, in its deterministic form: integers, strings, bytes, lists and maps. */
export function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [cbor(key), cbor(item)])]);
}

function head(major: number, count: number): Buffer {
  const type = major << 5;
  if (count < 24) return Buffer.from([type | count]);
  if (count < 256) return Buffer.from([type | 24, count]);
  return Buffer.concat([Buffer.from([type | 25]), uint16(count)]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();
const base64url = (data: Buffer) => data.toString('base64url');
const fromBase64url = (text: string) => Buffer.from(text, 'base64url');
