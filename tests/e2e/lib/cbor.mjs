// Deterministic CBOR (RFC 8949 4.2.1), as far as entries and meanings need it.

function head(major, value) {
  const n = BigInt(value);
  const top = major << 5;
  if (n < 24n) return Buffer.from([top | Number(n)]);
  if (n < 0x100n) return Buffer.from([top | 24, Number(n)]);
  if (n < 0x10000n) return Buffer.from([top | 25, Number(n >> 8n), Number(n & 255n)]);
  const out = Buffer.alloc(n < 0x100000000n ? 5 : 9);
  out[0] = top | (out.length === 5 ? 26 : 27);
  if (out.length === 5) out.writeUInt32BE(Number(n), 1);
  else out.writeBigUInt64BE(n, 1);
  return out;
}

// Numbers, booleans, strings, Buffers, arrays, and Maps whose keys are ascending numbers.
export function encode(value) {
  if (typeof value === 'number' || typeof value === 'bigint') return head(0, value);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encode)]);
  const parts = [head(5, value.size)];
  for (const [key, item] of [...value].sort((a, b) => a[0] - b[0])) parts.push(encode(key), encode(item));
  return Buffer.concat(parts);
}

function readHead(bytes, at) {
  const info = bytes[at] & 31;
  if (info < 24) return [info, at + 1];
  if (info === 24) return [bytes[at + 1], at + 2];
  if (info === 25) return [bytes.readUInt16BE(at + 1), at + 3];
  if (info === 26) return [bytes.readUInt32BE(at + 1), at + 5];
  if (info === 27) return [Number(bytes.readBigUInt64BE(at + 1)), at + 9];
  throw new Error('indefinite length');
}

function item(bytes, at) {
  const major = bytes[at] >> 5;
  if (major === 7) return [bytes[at] === 0xf5, at + 1];
  const [value, next] = readHead(bytes, at);
  if (major === 0) return [value, next];
  if (major === 2) return [bytes.subarray(next, next + value), next + value];
  if (major === 3) return [bytes.subarray(next, next + value).toString('utf8'), next + value];
  let end = next;
  if (major === 4) {
    const list = [];
    for (let i = 0; i < value; i++) {
      const [one, after] = item(bytes, end);
      list.push(one);
      end = after;
    }
    return [list, end];
  }
  if (major !== 5) throw new Error(`major type ${major}`);
  const map = new Map();
  for (let i = 0; i < value; i++) {
    const [key, afterKey] = item(bytes, end);
    const [one, after] = item(bytes, afterKey);
    map.set(key, one);
    end = after;
  }
  return [map, end];
}

export function decode(bytes) {
  const [value, end] = item(bytes, 0);
  if (end !== bytes.length) throw new Error('bytes after the item');
  return value;
}
