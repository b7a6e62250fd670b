// Evidence of a connection from a stranger's side: asked for over TLS, taken apart, bound anew by what this end sees.
// Written from docs/formats/attestation.md alone.
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { sha256, unb64u } from './bytes.mjs';
import { decode } from './cbor.mjs';
import { tempDir } from './worker.mjs';

const sha512 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha512')).digest();

// A self-signed certificate, as a client shows it.
export function certificate() {
  const dir = tempDir();
  const [key, cert] = ['key', 'cert'].map((name) => path.join(dir, name));
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key,
    '-out', cert, '-subj', '/CN=client', '-days', '2'], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  return { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
}

// One TLS connection that asks by itself.
export class Channel {
  static open(port, identity = {}) {
    return new Promise((resolve, reject) => {
      const channel = new Channel();
      channel.identity = identity;
      channel.socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...identity }, () => {
        channel.keep();
        resolve(channel);
      });
      channel.socket.on('error', reject);
      channel.text = Buffer.alloc(0);
      channel.socket.on('data', (part) => (channel.text = Buffer.concat([channel.text, part])));
      channel.socket.setTimeout(30000, () => channel.socket.destroy(new Error('no answer')));
    });
  }

  // Status and body of GET `url`.
  async get(url) {
    this.text = Buffer.alloc(0);
    this.socket.write(`GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`);
    for (;;) {
      const split = this.text.indexOf('\r\n\r\n');
      const length = split < 0 ? -1 : Number(/^content-length: *(\d+)/im.exec(this.text.subarray(0, split).toString())?.[1] ?? 0);
      if (split >= 0 && this.text.length >= split + 4 + length)
        return { status: Number(this.text.toString('latin1').split(' ')[1]), body: JSON.parse(this.text.subarray(split + 4).toString()) };
      if (this.socket.destroyed) throw new Error('closed');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async ask(nonce = randomBytes(32)) {
    this.nonce = nonce;
    const answer = await this.get(`/tee/attestation?nonce=${nonce.toString('hex')}`);
    if (answer.status === 200) answer.evidence = read(unb64u(answer.body.evidence));
    return answer;
  }

  // Both keys, as the handshake showed them.
  keep() {
    const spki = (shown) => sha256(shown.publicKey.export({ type: 'spki', format: 'der' }));
    this.worker = spki(this.socket.getPeerX509Certificate());
    this.client = this.identity.cert ? spki(new X509Certificate(this.identity.cert)) : Buffer.alloc(32);
  }

  // What this end sees of the connection.
  view() {
    return {
      nonce: this.nonce,
      worker: this.worker,
      client: this.client,
      exporter: this.socket.exportKeyingMaterial(32, 'EXPORTER-agentkeys-attest-v1', this.nonce),
    };
  }

  close() {
    this.socket.destroy();
  }
}

export function read(bytes) {
  const [type, inner] = decode(bytes);
  if (type !== 'application/vnd.agentkeys.attestation+cbor') throw new Error(type);
  const map = decode(inner);
  const [backend, report] = decode(map.get(5));
  const parts = decode(report);
  const [akPublic, quote, signature, pcrs, counter, counterSignature] = [1, 2, 3, 4, 5, 6].map((key) => parts.get(key));
  return { bytes, version: map.get(0), claimsBytes: map.get(1), claims: decode(map.get(1)), index: map.get(2), count: map.get(3), path: map.get(4),
    backend, akPublic, quote, signature, pcrs, counter, counterSignature };
}

// Qualifying data of a TPMS_ATTEST: behind magic, type and the signer's name.
export function extraData(attest) {
  const name = attest.readUInt16BE(6);
  const length = attest.readUInt16BE(8 + name);
  return attest.subarray(10 + name, 10 + name + length);
}

// The qualifying data that this view, with these claims and this place, leads to.
export function qualifying(evidence, view) {
  const rd = sha512('agentkeys attest v1\0', Buffer.from([1]), view.nonce, view.worker, view.client, view.exporter, sha256(evidence.claimsBytes));
  let node = sha512(Buffer.from([0]), rd);
  let { index, count, path: sides } = evidence;
  for (; count > 1; index >>= 1, count = (count + 1) >> 1) {
    if ((index ^ 1) >= count) continue;
    const side = sides.subarray(0, 64);
    sides = sides.subarray(64);
    node = index & 1 ? sha512(Buffer.from([1]), side, node) : sha512(Buffer.from([1]), node, side);
  }
  if (sides.length) throw new Error('nodes are left');
  return sha256(node);
}

// Whether quote and counter are both made for this view.
export function isBound(evidence, view) {
  const wanted = qualifying(evidence, view);
  return extraData(evidence.quote).equals(wanted) && extraData(evidence.counter).equals(wanted);
}
