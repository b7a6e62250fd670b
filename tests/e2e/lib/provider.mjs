// OpenID Connect providers on loopback: a real one (npm oidc-provider) with a browser for its pages, and one over TLS that lies as told.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { SignJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { atEnd } from './check.mjs';

const b64u = (bytes) => Buffer.from(bytes).toString('base64url');

// A browser that keeps cookies, follows nobody by itself, and sends forms.
export class Browser {
  constructor() {
    this.jar = new Map();
  }

  async get(url, form) {
    const answer = await fetch(url, {
      method: form ? 'POST' : 'GET', redirect: 'manual', body: form && new URLSearchParams(form),
      headers: { Cookie: [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split('=');
      this.jar.set(name, value);
    }
    const where = answer.headers.get('location');
    return { status: answer.status, text: await answer.text(), next: where && new URL(where, url).href };
  }

  // The provider's own pages, up to the address that it sends the browser back to.
  async signIn(authorizationUrl, login, { deny = false, back }) {
    let at = authorizationUrl;
    for (let i = 0; i < 20; i++) {
      let page = await this.get(at);
      if (page.status === 200) {
        const action = new URL(/action="([^"]+)"/.exec(page.text)[1], at).href;
        if (deny) page = await this.get(action + '/abort');
        else page = await this.get(action, /name="login"/.test(page.text) ? { prompt: 'login', login, password: 'x' } : { prompt: 'consent' });
      }
      if (!page.next) throw new Error(`${at}: ${page.status} ${page.text.slice(0, 300)}`);
      if (page.next.startsWith(back)) return page.next;
      at = page.next;
    }
    throw new Error('the provider goes round in circles');
  }
}

// clients: { id, secret (none: public), redirect, method }.
export async function realProvider(port, clients) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const issuer = `http://127.0.0.1:${port}`;
  const { log, warn, info } = console;
  console.warn = console.info = () => undefined; // its notes about in-memory storage and its pages for development
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one' }] },
    cookies: { keys: ['only for this test'] },
    clients: clients.map(({ id, secret, redirect, method }) => ({
      client_id: id, ...(secret ? { client_secret: secret } : {}), redirect_uris: [redirect], grant_types: ['authorization_code'], response_types: ['code'],
      token_endpoint_auth_method: method ?? (secret ? 'client_secret_basic' : 'none'),
    })),
  });
  const server = provider.listen(port, '127.0.0.1');
  await new Promise((resolve) => server.on('listening', resolve));
  Object.assign(console, { log, warn, info });
  atEnd(() => server.closeAllConnections() ?? server.close());
  return { issuer, stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) };
}

// Signs what it is told to. `say` has its answers, each replaced at will: discovery, jwks, token give {status, headers, text} or undefined,
// which is silence; claims and sign give an id_token.
export class LyingProvider {
  constructor(dir) {
    this.dir = dir;
    this.asked = { discovery: 0, jwks: 0, token: 0 };
    this.codes = new Map();
    this.held = [];
    this.tell();
  }

  // Nothing but the truth, from now on, but for `lies`.
  tell(lies = {}) {
    this.say = {
      discovery: () => this.json({
        issuer: this.issuer, authorization_endpoint: `${this.issuer}/authorize`, token_endpoint: `${this.issuer}/token`, jwks_uri: `${this.issuer}/jwks`,
        response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'],
        code_challenge_methods_supported: ['S256'], token_endpoint_auth_methods_supported: [this.secret ? 'client_secret_post' : 'none'], ...this.say.more,
      }),
      jwks: () => this.json({ keys: [this.jwk] }),
      token: async (code) => this.json({ access_token: 'x', token_type: 'Bearer', expires_in: 60, id_token: await this.say.sign(this.say.claims(code)) }),
      claims: (code) => ({ iss: this.issuer, aud: this.clientId, sub: code.sub, nonce: code.nonce, iat: now(), exp: now() + 60 }),
      sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: this.jwk.kid }).sign(this.key),
      ...lies,
    };
  }

  json(value, status = 200) {
    return { status, text: JSON.stringify(value), headers: { 'Content-Type': 'application/json' } };
  }

  async start(port, clientId, secret) {
    const [key, cert] = ['liar.key', 'liar.pem'].map((name) => path.join(this.dir, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
      '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    Object.assign(this, { port, clientId, secret, authority: cert, issuer: `https://127.0.0.1:${port}` });
    await this.newKey('first');
    this.server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => void this.answer(request, response));
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    atEnd(() => this.stop());
    return this;
  }

  async newKey(kid) {
    const pair = await generateKeyPair('ES256', { extractable: true });
    this.key = pair.privateKey;
    this.publicPem = await exportSPKI(pair.publicKey);
    this.jwk = { ...(await exportJWK(pair.publicKey)), alg: 'ES256', use: 'sig', kid };
  }

  async answer(request, response) {
    const url = new URL(request.url, this.issuer);
    let body = '';
    for await (const part of request) body += part;
    const what = { '/.well-known/openid-configuration': 'discovery', '/jwks': 'jwks', '/token': 'token' }[url.pathname];
    if (!what) return response.writeHead(404).end();
    this.asked[what]++;
    const said = what === 'token' ? await this.redeem(new URLSearchParams(body)) : await this.say[what]();
    if (!said) return this.held.push(response);
    return response.writeHead(said.status, said.headers ?? {}).end(said.text);
  }

  // What an honest token endpoint checks. RFC 6749 4.1.3, RFC 7636 4.6.
  async redeem(form) {
    const code = this.codes.get(form.get('code'));
    if (code) code.asked = (code.asked ?? 0) + 1;
    const fits = code && !code.used && form.get('grant_type') === 'authorization_code' && form.get('redirect_uri') === code.redirect &&
      form.get('client_id') === this.clientId && (form.get('client_secret') ?? '') === this.secret &&
      b64u(createHash('sha256').update(form.get('code_verifier') ?? '').digest()) === code.challenge;
    if (!fits) return this.json({ error: 'invalid_grant' }, 400);
    code.used = true;
    return this.say.token(code);
  }

  // As if a person had signed in, each time another one: the address that the browser is sent back to.
  approve(authorizationUrl, sub = `person-${this.codes.size}`) {
    const asked = new URL(authorizationUrl).searchParams;
    const text = b64u(randomBytes(24));
    this.codes.set(text, { sub, nonce: asked.get('nonce'), challenge: asked.get('code_challenge'), redirect: asked.get('redirect_uri') });
    return `${asked.get('redirect_uri')}?code=${text}&state=${encodeURIComponent(asked.get('state'))}`;
  }

  letGo() {
    for (const response of this.held.splice(0)) response.destroy();
  }

  stop() {
    this.letGo();
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

export const now = () => Math.floor(Date.now() / 1000);

// Tokens that no library would sign. RFC 8725 2.1.
export function unsignedToken(claims) {
  return `${b64u(JSON.stringify({ alg: 'none' }))}.${b64u(JSON.stringify(claims))}.`;
}

export function hmacToken(claims, kid, key) {
  const head = `${b64u(JSON.stringify({ alg: 'HS256', kid }))}.${b64u(JSON.stringify(claims))}`;
  return `${head}.${b64u(createHmac('sha256', key).update(head).digest())}`;
}
