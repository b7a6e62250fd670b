// A stranger's checks of the ledger: leaves, proofs (RFC 9162 2.1), the checkpoint note, entries.
import { createPublicKey, verify } from 'node:crypto';
import { hex, sha256, unhex } from './bytes.mjs';
import { decode } from './cbor.mjs';

const zero = Buffer.from([0]);
const one = Buffer.from([1]);
export const leafHash = (entry) => sha256(zero, entry);
const node = (left, right) => sha256(one, left, right);

// RFC 9162 2.1.3.2
export function inclusionRoot(leaf, index, size, proof) {
  if (index >= size) throw new Error('index beyond the size');
  let fn = BigInt(index);
  let sn = BigInt(size) - 1n;
  let root = leaf;
  for (const part of proof) {
    if (sn === 0n) throw new Error('the proof is too long');
    if ((fn & 1n) === 1n || fn === sn) {
      root = node(part, root);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      root = node(root, part);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn !== 0n) throw new Error('the proof is too short');
  return root;
}

// RFC 9162 2.1.4.2
export function consistent(from, to, fromRoot, toRoot, given) {
  if (from === to) return given.length === 0 && fromRoot.equals(toRoot);
  const proof = [...given];
  if ((from & (from - 1)) === 0) proof.unshift(fromRoot);
  if (proof.length === 0) return false;
  let fn = BigInt(from) - 1n;
  let sn = BigInt(to) - 1n;
  while ((fn & 1n) === 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  let fr = proof[0];
  let sr = proof[0];
  for (const part of proof.slice(1)) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      fr = node(part, fr);
      sr = node(part, sr);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      sr = node(sr, part);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && fr.equals(fromRoot) && sr.equals(toRoot);
}

export function ed25519Key(raw) {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') }, format: 'jwk' });
}

// C2SP signed note: the checkpoint, once exactly one line by `key` verifies.
export function checkNote(note, keyHex) {
  const split = note.indexOf('\n\n');
  const body = note.slice(0, split + 1);
  const [origin, size, root, rest] = body.split('\n');
  if (rest !== '') throw new Error('lines after the root');
  const key = unhex(keyHex);
  const id = sha256(origin, Buffer.from([0x0a, 0x01]), key).subarray(0, 4);
  let good = 0;
  for (const line of note.slice(split + 2).split('\n').filter(Boolean)) {
    const [dash, name, base64] = line.split(' ');
    const bytes = Buffer.from(base64, 'base64');
    if (dash !== '—' || name !== origin || !bytes.subarray(0, 4).equals(id)) continue;
    if (!verify(null, Buffer.from(body), ed25519Key(key), bytes.subarray(4))) throw new Error('the signature is wrong');
    good++;
  }
  if (good !== 1) throw new Error(`${good} lines by the key`);
  return { origin, size: Number(size), root: Buffer.from(root, 'base64') };
}

const names = {
  3: 'AccountOpened', 4: 'AccountSuspended', 5: 'AccountResumed', 6: 'IdentityLinked', 7: 'DeviceEnrolled', 8: 'DeviceRemoved',
  9: 'RecoveryStarted', 10: 'RecoveryCancelled', 11: 'RecoveryDone', 12: 'PathActivated', 13: 'PolicyChanged',
  14: 'PathSuspended', 15: 'PathResumed', 16: 'PathRotated', 17: 'PathDecommissioned', 19: 'EpochRotated', 20: 'EpochDestroyed',
  21: 'ServiceDefined', 22: 'BlobWritten', 23: 'BlobMoved', 24: 'BlobDeleted', 28: 'IdentityUnlinked', 30: 'RecoveryCodeSet', 128: 'SessionIssued',
  129: 'AgentTokenIssued', 130: 'MessageSigned', 131: 'Denied', 134: 'SessionEnded', 135: 'CredsRead', 136: 'BlobRefused',
};

// The common fields of an entry; `map` has all.
export function readEntry(bytes) {
  const map = decode(bytes);
  const id = map.get(8);
  return {
    map, type: names[map.get(1)] ?? String(map.get(1)), time: map.get(2), anchor: map.get(3) && hex(map.get(3)),
    number: map.get(6), previous: map.get(7), requestId: id && hex(id),
  };
}

// All pages of an account, checked: leaf hashes, the account's chain, inclusion in the sealed checkpoint.
export async function readAudit(client, { proofs = true, seal = true, filter = {} } = {}) {
  if (proofs && seal) await client.must('checkpoint-seal');
  const all = [];
  let since = 0;
  let checkpoint;
  let key;
  for (;;) {
    const page = await client.must('audit', { since, limit: 200, ...(proofs ? { proofs } : {}), ...filter });
    checkpoint = page.checkpoint ?? checkpoint;
    key = page.key ?? key;
    const at = proofs ? checkNote(page.checkpoint, page.key) : undefined;
    for (const item of page.entries) {
      const bytes = unhex(item.entry);
      const leaf = leafHash(bytes);
      if (hex(leaf) !== item.leaf_hash) throw new Error(`entry ${item.index}: leaf hash`);
      if (proofs && !inclusionRoot(leaf, item.index, at.size, item.proof.map(unhex)).equals(at.root))
        throw new Error(`entry ${item.index}: proof`);
      all.push({ index: item.index, leaf, bytes, ...readEntry(bytes) });
    }
    if (page.next <= since || page.next >= page.size) break;
    since = page.next;
  }
  return { entries: all, checkpoint, key };
}

// Keys 6 and 7 of an account's whole history: no gap, each names the one before.
export function checkChain(entries) {
  let previous = Buffer.alloc(32);
  entries.forEach((entry, at) => {
    if (entry.number !== at + 1) throw new Error(`entry ${entry.index}: number ${entry.number} where ${at + 1} belongs`);
    if (!entry.previous.equals(previous)) throw new Error(`entry ${entry.index}: does not follow the one before`);
    previous = entry.leaf;
  });
}
