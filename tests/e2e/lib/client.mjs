// The wire contract from a client's side: a device, perhaps a token, one connection, proofs with nonces.
import { fileURLToPath } from 'node:url';
import { Connection } from './http.mjs';
import { meaning } from './meaning.mjs';
import { OpenApi } from './openapi.mjs';

// Every answer of JSON to a call is held to the description.
export const described = new OpenApi(fileURLToPath(new URL('../../../docs/api/openapi.yaml', import.meta.url)));

// auth: none, proof (device alone), use (token; a proof once a connection), change (token and a proof with ak_bh).
const calls = {
  'derive-address': ['POST', '{signer}/derive-address', 'use'],
  'sign-message': ['POST', '{signer}/sign-message', 'use'],
  attestation: ['GET', '{signer}/attestation', 'none'],
  'local-session': ['POST', '/v1/local/session', 'proof'],
  logout: ['POST', '/v1/logout', 'use'],
  account: ['GET', '/v1/account', 'use'],
  'account-suspend': ['POST', '/v1/account/suspend', 'change'],
  'account-resume': ['POST', '/v1/account/resume', 'change'],
  recovery: ['GET', '/v1/recovery', 'use'],
  'recovery-cancel': ['POST', '/v1/recovery/cancel', 'change'],
  'recovery-code': ['POST', '/v1/recovery/code', 'change'],
  'device-request': ['POST', '/v1/devices', 'proof'],
  devices: ['GET', '/v1/devices', 'use'],
  'device-remove': ['POST', '/v1/devices/{id}/remove', 'change'],
  'pair-request': ['POST', '/v1/pair/request', 'proof'],
  'pair-list': ['GET', '/v1/pair', 'use'],
  'pair-status': ['GET', '/v1/pair/{id}', 'proof'],
  'pair-approve': ['POST', '/v1/pair/approve', 'change'],
  'pair-refuse': ['POST', '/v1/pair/refuse', 'change'],
  'pair-invite': ['POST', '/v1/pair/invite', 'change'],
  'pair-redeem': ['POST', '/v1/pair/redeem', 'proof'],
  agents: ['GET', '/v1/agents', 'use'],
  agent: ['GET', '/v1/agents/{label}', 'use'],
  'agent-suspend': ['POST', '/v1/agents/{label}/suspend', 'change'],
  'agent-resume': ['POST', '/v1/agents/{label}/resume', 'change'],
  'agent-rotate': ['POST', '/v1/agents/{label}/rotate', 'change'],
  'agent-policy': ['POST', '/v1/agents/{label}/policy', 'change'],
  'agent-decommission': ['POST', '/v1/agents/{label}/decommission', 'change'],
  'agent-lineage': ['GET', '/v1/agents/{label}/lineage', 'use'],
  token: ['POST', '/v1/token', 'proof'],
  explain: ['POST', '/v1/explain', 'use'],
  audit: ['GET', '/v1/audit', 'use'],
  checkpoint: ['GET', '/v1/ledger/checkpoint', 'none'],
  'checkpoint-seal': ['POST', '/v1/ledger/checkpoint', 'use'],
  inclusion: ['GET', '/v1/ledger/proof/inclusion', 'use'],
  consistency: ['GET', '/v1/ledger/proof/consistency', 'none'],
  'oidc-configuration': ['GET', '/.well-known/openid-configuration', 'none'],
  jwks: ['GET', '/.well-known/jwks.json', 'none'],
  'mint-oidc-jwt': ['POST', '/v1/mint-oidc-jwt', 'use'],
  'delivery-key': ['GET', '/v1/delivery-key', 'none'],
  'credential-put': ['PUT', '/v1/credentials/{service}', 'change'],
  'credential-read': ['GET', '/v1/credentials/{service}', 'use'],
  'credential-delete': ['DELETE', '/v1/credentials/{service}', 'change'],
  'credential-list': ['GET', '/v1/credentials', 'use'],
  'credential-rollback': ['POST', '/v1/credentials/{service}/rollback', 'change'],
  'service-define': ['PUT', '/v1/services/{service}', 'change'],
  'service-show': ['GET', '/v1/services/{service}', 'use'],
  'service-list': ['GET', '/v1/services', 'use'],
  'epoch-list': ['GET', '/v1/epochs', 'use'],
  'epoch-rotate': ['POST', '/v1/epochs/rotate', 'change'],
  'epoch-destroy': ['POST', '/v1/epochs/destroy', 'change'],
  trust: ['GET', '/v1/trust', 'use'],
  'trust-change': ['POST', '/v1/trust', 'change'],
};
// Fields that stand in the query whatever the method.
const inQuery = (name, field) => name.startsWith('credential-') && field === 'path';

export const callNames = Object.keys(calls);
export const callOf = (name) => ({ method: calls[name][0], path: calls[name][1], auth: calls[name][2] });

// Puts the path's fields in; the rest is query of a GET and body of the others.
function place(name, values, prefix) {
  const [method, pattern] = calls[name];
  const rest = { ...values };
  const path = pattern.replace('{signer}', prefix).replace(/\{(\w+)\}/g, (_, field) => {
    const value = rest[field];
    delete rest[field];
    return value;
  });
  const query = [];
  for (const key of Object.keys(rest)) {
    if (method !== 'GET' && !inQuery(name, key)) continue;
    if (rest[key] !== undefined) query.push(`${key}=${encodeURIComponent(rest[key] === true ? 1 : rest[key])}`);
    delete rest[key];
  }
  const url = query.length ? `${path}?${query.join('&')}` : path;
  return { method, path, url, body: Object.keys(rest).length ? rest : undefined };
}

export class Client {
  constructor(where, device, { token, prefix = '/tee', account, localAddress } = {}) {
    this.connection = new Connection(where, 30000, localAddress);
    this.device = device;
    this.token = token;
    this.prefix = prefix;
    this.account = account; // omni, hex
    this.nonce = undefined;
    this.proved = false;
    this.readerKey = undefined; // base64url: named by proofs of uses; see vault.mjs
  }

  // Headers of one try. `over` replaces facts of the proof: token, url, method, bh, rk, nonce, jti, iat, device.
  headers(name, placed, values, over) {
    const { auth } = callOf(name);
    const headers = {};
    const token = over.token === undefined ? this.token : over.token;
    if (auth === 'use' || auth === 'change') headers.Authorization = `DPoP ${token}`;
    const facts = {
      method: placed.method,
      url: this.connection.target.origin + placed.path,
      nonce: this.nonce,
      token: auth === 'proof' ? undefined : token,
      bh: auth === 'change' ? meaning(name, values) : undefined,
      rk: auth === 'use' ? this.readerKey : undefined,
      ...over.facts,
    };
    const once = auth === 'use' && this.proved && !over.fresh;
    if (over.proof !== undefined) {
      if (over.proof) headers.DPoP = over.proof;
    } else if (auth !== 'none' && !once) {
      headers.DPoP = (over.device ?? this.device).proof(facts);
    }
    return { ...headers, ...over.headers };
  }

  // One try, as it is.
  async once(name, values = {}, over = {}) {
    const placed = place(name, values, this.prefix);
    const headers = this.headers(name, placed, values, over);
    const answer = await this.connection.request(placed.method, placed.url, { headers, body: over.body ?? placed.body });
    if (answer.headers['dpop-nonce']) this.nonce = answer.headers['dpop-nonce'];
    answer.requestId = answer.headers['x-request-id'];
    answer.error = answer.body?.error;
    if (answer.body) described.check(placed.method, placed.path.replace(/^\/dev\//, '/tee/'), answer);
    if (headers.DPoP && answer.status < 400) this.proved = true;
    return answer;
  }

  // As a client does it: a nonce or a proof that is wanted is given, once.
  async call(name, values = {}, over = {}) {
    let answer = await this.once(name, values, over);
    for (let i = 0; i < 2 && ['use_dpop_nonce', 'proof_required'].includes(answer.error); i++) {
      if (over.proof !== undefined) return answer;
      this.proved = false;
      answer = await this.once(name, values, over);
    }
    return answer;
  }

  // The body of a good answer; anything else is thrown.
  async must(name, values = {}, over = {}) {
    const answer = await this.call(name, values, over);
    if (answer.status >= 300) throw new Error(`${name}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  sign(text, more = {}) {
    return this.call('sign-message', { omni_account: this.account, message_hex: Buffer.from(text).toString('hex'), ...more });
  }

  // The same, but waits where the rate limit says so: after a crash every bucket is empty.
  async signLater(text, more = {}, timeoutMs = 15000) {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const answer = await this.sign(text, more);
      if (answer.status !== 429 || Date.now() > end) return answer;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  close() {
    this.connection.close();
  }
}
