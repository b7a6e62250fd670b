// HPKE (RFC 9180), modes base and psk, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, on node's primitives.
import { createCipheriv, createDecipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { b64u, unb64u } from './bytes.mjs';

const text = (value) => Buffer.from(value, 'latin1');
const u16 = (value) => Buffer.from([value >> 8, value & 255]);
const version = text('HPKE-v1');
const kemSuite = Buffer.concat([text('KEM'), u16(0x20)]);
const suite = Buffer.concat([text('HPKE'), u16(0x20), u16(0x01), u16(0x02)]);
const none = Buffer.alloc(0);

// RFC 5869, one block (all that is asked for is at most 32 bytes).
const hmac = (key, ...parts) => parts.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest();
const extract = (id, salt, label, ikm) => hmac(salt, version, id, text(label), ikm);
const expand = (id, prk, label, info, len) => hmac(prk, u16(len), version, id, text(label), info, Buffer.from([1])).subarray(0, len);

const publicKey = (raw) => createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: b64u(raw) }, format: 'jwk' });
export const rawPublic = (key) => unb64u(createPublicKey(key).export({ format: 'jwk' }).x);
export const newKey = () => generateKeyPairSync('x25519').privateKey;

// A private key from its 32 bytes (RFC 8410, PKCS #8).
export const privateKey = (raw) => createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), raw]), format: 'der', type: 'pkcs8' });

// 4.1: what both ends of the KEM come to.
function sharedSecret(secret, enc, recipient) {
  const prk = extract(kemSuite, none, 'eae_prk', secret);
  return expand(kemSuite, prk, 'shared_secret', Buffer.concat([enc, recipient]), 32);
}

// 5.1: key and nonce of the first (and only) message. `psk`: {secret, id}, or none.
function schedule(shared, info, psk) {
  const context = Buffer.concat([Buffer.from([psk ? 1 : 0]), extract(suite, none, 'psk_id_hash', psk?.id ?? none), extract(suite, none, 'info_hash', info)]);
  const secret = extract(suite, shared, 'secret', psk?.secret ?? none);
  return { key: expand(suite, secret, 'key', context, 32), nonce: expand(suite, secret, 'base_nonce', context, 12) };
}

// `recipient`: 32 bytes. Gives {enc, sealed}. A fixed ephemeral key is for tests.
export function seal(recipient, info, plain, { aad = none, ephemeral = newKey(), psk } = {}) {
  const enc = rawPublic(ephemeral);
  const secret = diffieHellman({ privateKey: ephemeral, publicKey: publicKey(recipient) });
  const { key, nonce } = schedule(sharedSecret(secret, enc, recipient), info, psk);
  const box = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
  return { enc, sealed: Buffer.concat([box.update(plain), box.final(), box.getAuthTag()]) };
}

// Throws where it does not open.
export function open(key, enc, info, sealed, { aad = none, psk } = {}) {
  const secret = diffieHellman({ privateKey: key, publicKey: publicKey(enc) });
  const { key: k, nonce } = schedule(sharedSecret(secret, enc, rawPublic(key)), info, psk);
  const box = createDecipheriv('aes-256-gcm', k, nonce).setAAD(aad);
  box.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([box.update(sealed.subarray(0, -16)), box.final()]);
}

// What the owners of two static keys share, as a PSK: named by the public key of the one who seals.
export const pskOf = (own, sender) => ({ secret: diffieHellman({ privateKey: own, publicKey: publicKey(sender) }), id: sender });
