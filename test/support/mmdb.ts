type Value = string | number | { [key: string]: Value };
type Node = [left: Node | number | undefined, right: Node | number | undefined];

const [STRING, UINT32, MAP] = [2, 6, 7];
const MARKER = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);

/** A small database in MaxMind's format 2.0: networks in CIDR form, IPv4 or IPv6, and what is known of each. */
export function makeMmdb(networks: Record<string, Value>): Buffer {
  const data: Buffer[] = [];
  const root: Node = [undefined, undefined];
  let size = 0;
  for (const [network, value] of Object.entries(networks)) {
    insert(root, bitsOf(network), size);
    const encoded = encode(value);
    data.push(encoded);
    size += encoded.length;
  }
  const nodes = flatten(root);
  const recordOf = (to: Node[number]) => {
    if (to === undefined) return nodes.length;
    return typeof to === 'number' ? nodes.length + 16 + to : nodes.indexOf(to);
  };
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [place, [left, right]] of nodes.entries()) {
    tree.writeUIntBE(recordOf(left), place * 6, 3);
    tree.writeUIntBE(recordOf(right), place * 6 + 3, 3);
  }
  const about = { node_count: nodes.length, record_size: 24, ip_version: 6, database_type: 'Test-City' };
  const format = { binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 1, description: {} };
  return Buffer.concat([tree, Buffer.alloc(16), ...data, MARKER, encode({ ...about, ...format })]);
}

/** The network's bits; IPv4 lies under ::/96. */
function bitsOf(network: string): number[] {
  const [address = '', length = '0'] = network.split('/');
  const groups = address.includes(':') ? expand(address) : [0, 0, 0, 0, 0, 0, ...pairs(address)];
  const bits = groups.flatMap((group) => [...group.toString(2).padStart(16, '0')].map(Number));
  return bits.slice(0, Number(length) + (address.includes(':') ? 0 : 96));
}

function pairs(address: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

function expand(address: string): number[] {
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}

function insert(root: Node, bits: number[], offset: number): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const next: Node | number = node[bit] ?? [undefined, undefined];
    node[bit] = next;
    if (typeof next === 'number') throw new Error('networks overlap');
    node = next;
  }
  node[bits.at(-1) as number] = offset;
}

function flatten(root: Node): Node[] {
  const nodes = [root];
  for (const node of nodes) for (const child of node) if (typeof child === 'object') nodes.push(child);
  return nodes;
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(STRING, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(value);
    return Buffer.concat([control(UINT32, 4), number]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    control(MAP, entries.length),
    ...entries.flatMap((entry) => entry.map((each) => encode(each))),
  ]);
}

function control(type: number, size: number): Buffer {
  return size < 29 ? Buffer.from([(type << 5) | size]) : Buffer.from([(type << 5) | 29, size - 29]);
}
