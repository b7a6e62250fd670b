// A device key (P-256) and the proofs it makes. RFC 9449, RFC 7638.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { b64u, sha256 } from './bytes.mjs';

export class Device {
  constructor(key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey) {
    this.key = key;
    const jwk = createPublicKey(key).export({ format: 'jwk' });
    this.jwk = { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y };
    this.jkt = b64u(sha256(JSON.stringify(this.jwk)));
  }

  static fromPem(pem) {
    return new Device(createPrivateKey(pem));
  }

  // A compact JWS by this key over any header and payload, right or wrong.
  jws(header, payload) {
    const head = `${b64u(JSON.stringify(header))}.${b64u(JSON.stringify(payload))}`;
    return `${head}.${b64u(sign('sha256', Buffer.from(head), { key: this.key, dsaEncoding: 'ieee-p1363' }))}`;
  }

  header() {
    return { typ: 'dpop+jwt', alg: 'ES256', jwk: this.jwk };
  }

  claims({ method, url, nonce, token, bh, rk, jti = b64u(randomBytes(16)), iat = Math.floor(Date.now() / 1000) }) {
    const claims = { jti, htm: method, htu: url, iat };
    if (nonce) claims.nonce = nonce;
    if (token) claims.ath = b64u(sha256(token));
    if (bh) claims.ak_bh = bh;
    if (rk) claims.ak_rk = rk;
    return claims;
  }

  proof(facts) {
    return this.jws(this.header(), this.claims(facts));
  }
}
