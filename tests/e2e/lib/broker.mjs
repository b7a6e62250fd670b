// Real brokers, the client's side of a sign-in, and a mail server of the test's own.
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { readFileSync, existsSync, openSync, closeSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';
import { atEnd, until } from './check.mjs';
import { Connection } from './http.mjs';
import { meaning } from './meaning.mjs';
import { OpenApi } from './openapi.mjs';
import { Worker, build, cleanEnv, root, tempDir } from './worker.mjs';

export const program = process.env.AK_BROKER ?? path.join(build, 'src/programs/broker/agentkeys-broker');

// Every answer to a call is held to the description.
export const described = new OpenApi(path.join(root, 'docs/api/openapi-broker.yaml'));
export const fitted = new Set();

export const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export class Broker {
  constructor({ dir = tempDir(), port, args = [], issuer, workerSocket }) {
    Object.assign(this, { dir, port, args, issuer, workerSocket });
    this.data = path.join(dir, 'broker');
    this.pub = path.join(this.data, 'broker.pub.jwk');
    this.log = path.join(dir, `broker-${port}.log`);
    this.url = `http://127.0.0.1:${port}`;
    this.env = { ...cleanEnv(), HOME: dir };
  }

  init() {
    const made = spawnSync(program, ['init', '--data-dir', this.data], { env: this.env, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`init: ${made.stderr}`);
    return made.stdout;
  }

  command(args) {
    return spawnSync(program, args, { env: this.env, encoding: 'utf8', timeout: 20000 });
  }

  async start(more = []) {
    const log = openSync(this.log, 'a');
    const args = ['serve', '--data-dir', this.data, '--listen', `127.0.0.1:${this.port}`, '--issuer', this.issuer,
      '--worker-socket', this.workerSocket, ...this.args, ...more];
    this.child = spawn(program, args, { env: this.env, stdio: ['ignore', log, log] });
    closeSync(log);
    this.exited = undefined;
    const child = this.child;
    this.ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve((this.exited = { code, signal }))));
    atEnd(() => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    });
    await until('the broker', async () => {
      if (this.exited) throw new Error(`the broker ended: ${JSON.stringify(this.exited)}\n${this.logText().slice(-2000)}`);
      return (await this.get('/healthz'))?.status === 200;
    });
  }

  async get(where, headers = {}) {
    const connection = new Connection(this.url, 20000);
    try {
      return await connection.request('GET', where, { headers });
    } catch {
      return undefined;
    } finally {
      connection.close();
    }
  }

  async post(where, body, headers = {}) {
    const connection = new Connection(this.url, 20000);
    try {
      return await connection.request('POST', where, { body, headers });
    } finally {
      connection.close();
    }
  }

  // What the page's form sends.
  form(fields, where = '/auth/email') {
    return this.post(where, new URLSearchParams(fields).toString(), { 'Content-Type': 'application/x-www-form-urlencoded' });
  }

  async verify({ request_id, token }, match_code) {
    const answer = await this.post('/v1/auth/email/verify', { request_id, token, match_code });
    fitted.add(described.check('POST', '/v1/auth/email/verify', answer));
    return answer;
  }

  // The browser that comes back from a provider: the page, and what its form carries.
  async comeBack(url) {
    const page = await this.get(url.slice(new URL(url).origin.length));
    const found = /name="link" value="([0-9a-f]{32})\.([A-Za-z0-9_-]{43})"/.exec(page.text);
    return { ...page, request_id: found?.[1], token: found?.[2], link: found && `${found[1]}.${found[2]}` };
  }

  async confirm({ request_id, token }, match_code) {
    const answer = await this.post('/v1/auth/oauth2/confirm', { request_id, token, match_code });
    fitted.add(described.check('POST', '/v1/auth/oauth2/confirm', answer));
    return answer;
  }

  async metrics() {
    const { text } = await this.get('/metrics');
    return Object.fromEntries(text.split('\n').filter((l) => l && !l.startsWith('#')).map((l) => [l.slice(17, l.lastIndexOf(' ')), Number(l.slice(l.lastIndexOf(' ') + 1))]));
  }

  logText() {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8') : '';
  }

  async kill(signal = 'SIGKILL') {
    this.child.kill(signal);
    return this.ended;
  }
}

// A device that signs in.
export class SignIn {
  constructor(broker, device, self = {}) {
    Object.assign(this, { broker, device, self });
    this.connection = new Connection(broker.url, 20000);
  }

  proof(method, where, over = {}) {
    const bound = where.includes('/status/') || where.endsWith('/wallet/verify');
    return (over.device ?? this.device).proof({
      method, url: this.broker.url + where, nonce: this.nonce, bh: bound ? meaning('sign-in', over.self ?? this.self) : over.bh, token: over.token,
      ...over.facts,
    });
  }

  async once(method, where, body, over = {}) {
    const headers = { DPoP: over.proof ?? this.proof(method, where, over), ...over.headers };
    if (over.token) headers.Authorization = `DPoP ${over.token}`;
    const answer = await this.connection.request(method, where, { headers, body });
    if (answer.headers['dpop-nonce']) this.nonce = answer.headers['dpop-nonce'];
    answer.error = answer.body?.error;
    fitted.add(described.check(method, where, answer));
    return answer;
  }

  // As a client does it: the nonce that is wanted is given, once.
  async call(method, where, body, over = {}) {
    const answer = await this.once(method, where, body, over);
    return answer.error === 'use_dpop_nonce' && !over.proof ? this.once(method, where, body, over) : answer;
  }

  async email(address, over) {
    this.asked = await this.call('POST', '/v1/auth/email/request', { email: address, ...this.self }, over);
    return this.asked;
  }

  async oauth2(provider, over) {
    this.way = 'oauth2';
    this.asked = await this.call('POST', '/v1/auth/oauth2/start', { provider, ...this.self }, over);
    return this.asked;
  }

  // Who signed in at the provider.
  identity(id = this.asked.body.request_id) {
    return this.call('GET', `/v1/auth/oauth2/identity/${id}`);
  }

  status(id = this.asked.body.request_id, over = {}) {
    return this.call('GET', `/v1/auth/${this.way ?? 'email'}/status/${id}`, undefined, over);
  }

  walletStart(address, chain_id = 1) {
    return this.call('POST', '/v1/auth/wallet/start', { address: address.toLowerCase(), chain_id });
  }

  link(token, body) {
    const { identity_type, identity_value } = body;
    return this.call('POST', '/v1/wallet/link', body, { token, bh: meaning('link', { identity_type, identity_value }) });
  }

  unlink(token, omni_account) {
    return this.call('POST', '/v1/wallet/unlink', { omni_account }, { token, bh: meaning('unlink', { omni_account }) });
  }

  links(token) {
    return this.call('GET', '/v1/wallet/links', undefined, { token });
  }

  walletVerify(request_id, signature, over) {
    return this.call('POST', '/v1/auth/wallet/verify', { request_id, signature, ...this.self }, over);
  }
}

// A mail server on loopback that keeps what comes. tls: 'implicit', 'starttls' or undefined (plain).
export class MailSink {
  constructor({ tls, user, dir = tempDir() } = {}) {
    Object.assign(this, { tls, user, dir });
    this.mails = [];
    this.refuse = undefined; // a function of the recipient giving an SMTP code
    this.hang = false;
  }

  certificate() {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(this.dir, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    this.authority = cert;
    return { key: readFileSync(key), cert: readFileSync(cert) };
  }

  async start(port = 0) {
    const options = {
      authOptional: !this.user,
      secure: this.tls === 'implicit',
      disabledCommands: this.tls === 'starttls' ? [] : ['STARTTLS'],
      allowInsecureAuth: false,
      logger: false,
      ...(this.tls ? (this.keys ??= this.certificate()) : {}),
      onAuth: (auth, session, done) =>
        auth.username === this.user?.name && auth.password === this.user?.password ? done(null, { user: auth.username }) : done(new Error('no')),
      onRcptTo: (address, session, done) => {
        const code = this.refuse?.(address.address);
        if (!code) return done();
        return done(Object.assign(new Error('no'), { responseCode: code }));
      },
      onData: (stream, session, done) => {
        let raw = '';
        stream.on('data', (part) => (raw += part));
        stream.on('end', () => {
          if (this.hang) return;
          this.mails.push({ to: session.envelope.rcptTo.map((one) => one.address), from: session.envelope.mailFrom.address, raw, secure: session.secure, user: session.user });
          done();
        });
      },
    };
    this.server = new SMTPServer(options);
    this.server.on('error', () => undefined);
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = this.server.server.address().port;
    atEnd(() => this.stop());
    return this;
  }

  stop() {
    return new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve()));
  }

  // The next mail to `address`: {request_id, token, raw}.
  async take(address, timeoutMs = 15000) {
    return until(`a mail to ${address}`, () => {
      const at = this.mails.findIndex((mail) => mail.to.includes(address) && mail.raw.includes('/auth/email#'));
      if (at < 0) return undefined;
      const [mail] = this.mails.splice(at, 1);
      const found = /\/auth\/email#([0-9a-f]{32})\.([A-Za-z0-9_-]{43})/.exec(mail.raw);
      return { ...mail, request_id: found[1], token: found[2], link: `${found[1]}.${found[2]}` };
    }, timeoutMs);
  }
}

export function writeSecret(file, text) {
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

// For a broker whose mails go to `sink`, by STARTTLS.
export const mailArgs = (sink) => ['--mail-url', `smtp://127.0.0.1:${sink.port}`, '--mail-from', 'keys@demo.example', '--mail-ca-file', sink.authority];

// Makes the broker and a worker that trusts it; both run. What the worker knows of the broker it has from its arguments, or, `byEnv`, from its environment.
export async function startBoth(broker, { args = [], byEnv = false } = {}) {
  broker.init();
  const told = byEnv ? [] : ['--broker-url', broker.url, '--broker-key', broker.pub];
  const env = byEnv ? { AGENTKEYS_BROKER_URL: broker.url, AGENTKEYS_BROKER_KEY: broker.pub } : {};
  const worker = new Worker({ dir: broker.dir, env: { AGENTKEYS_ISSUER: broker.issuer, ...env },
    args: ['--broker-socket', broker.workerSocket, ...told, ...args] });
  worker.init();
  await worker.start();
  await broker.start();
  return worker;
}
