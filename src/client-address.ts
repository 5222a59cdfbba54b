import { BlockList, isIP } from 'node:net';

/** Reads the caller's address: the socket's, unless that is a trusted proxy; then `X-Forwarded-For` from the right. */
type AddressReader = (socketAddress: string | undefined, forwardedFor: string | undefined) => string;

/** Only hops that the operator named are believed: whatever stands left of the first stranger anybody can have written. */
export function addressReader(trustedProxies: readonly string[]): AddressReader {
  const isTrusted = addressList(trustedProxies);
  return (socketAddress, forwardedFor) => {
    const peer = plain(socketAddress ?? '127.0.0.1');
    if (trustedProxies.length === 0 || forwardedFor === undefined || !isTrusted(peer)) return peer;
    const hops = forwardedFor
      .split(',')
      .map((hop) => plain(hop.trim()))
      .reverse();
    let client = peer;
    for (const hop of hops) {
      if (isIP(hop) === 0) break;
      client = hop;
      if (!isTrusted(hop)) break;
    }
    return client;
  };
}

/** Whether an address is one of these addresses and CIDRs. */
export function addressList(members: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const member of members) {
    const [address = '', bits] = member.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  return (address) => list.check(plain(address), isIP(plain(address)) === 6 ? 'ipv6' : 'ipv4');
}

/** IPv4 that a dual-stack socket shows as IPv6, and zone ids, in their plain form. */
function plain(address: string): string {
  if (!/[:%[]/.test(address)) return address;
  return address
    .replace(/^::ffff:(?=\d+\.)/i, '')
    .replace(/%.*$/, '')
    .replace(/^\[(.*)\](:\d+)?$/, '$1');
}
