// Starts, kills and stops real workers, each in a folder of its own.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd, until } from './check.mjs';
import { Client } from './client.mjs';
import { Device } from './device.mjs';
import { Connection } from './http.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const build = process.env.AK_BUILD ?? path.join(root, 'build');
export const shared = process.env.AK_SHARED ?? path.join(root, '../shared');
export const program = process.env.AK_WORKER ?? path.join(build, 'src/programs/worker/agentkeys-worker');

export function tempDir() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ak-'));
  atEnd(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

// While one thread of it is still in the kernel, a killed process keeps its locks; nobody may have reaped it yet.
export function alive(pid) {
  try {
    return fs.readdirSync(`/proc/${pid}/task`).some((thread) => {
      try {
        return !/^[ZX]/.test(fs.readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ').at(-1));
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}

// What programs under test get of this one's environment.
export const cleanEnv = () => {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (/^(AGENTKEYS_|XDG_|NOTIFY_SOCKET|DEV_KEY_)/.test(name)) delete env[name];
  return env;
};

export class Worker {
  // dataDir may be another worker's; env adds to a clean environment.
  constructor({ dir = tempDir(), dataDir, args = [], env = {} } = {}) {
    this.dir = dir;
    this.dataDir = dataDir ?? path.join(dir, 'data');
    this.socket = path.join(dir, 'w.sock');
    this.operator = path.join(dir, 'op.sock');
    this.log = path.join(dir, 'log');
    this.args = args;
    this.wrap = []; // what the program is started by; it must become the program
    this.env = { ...cleanEnv(), HOME: dir, ...env };
    this.dev = 'DEV_KEY_SERVICE_MASTER_SECRET' in env;
    this.port = 0;
    this.child = undefined;
  }

  static async start(options) {
    const worker = new Worker(options);
    worker.init();
    await worker.start();
    return worker;
  }

  get prefix() {
    return this.dev ? '/dev' : '/tee';
  }

  // With the settings that it serves with: those that decide trust are fixed here.
  init() {
    const made = spawnSync(program, ['init', '--data-dir', this.dataDir, ...this.args], { env: this.env, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`init: ${made.stderr}`);
    return made.stdout;
  }

  command(args) {
    return spawnSync(program, args, { env: this.env, encoding: 'utf8', maxBuffer: 1 << 28, timeout: 60000 });
  }

  serveArgs(more = []) {
    return ['serve', '--data-dir', this.dataDir, '--socket', this.socket, '--operator-socket', this.operator,
      '--listen', `127.0.0.1:${this.port}`, ...this.args, ...more];
  }

  // Starts the process; the log goes to a file.
  launch(more = []) {
    const log = fs.openSync(this.log, 'a');
    fs.rmSync(path.join(this.dir, 'worker.url'), { force: true });
    const [first, ...rest] = [...this.wrap, program, ...this.serveArgs(more)];
    this.child = spawn(first, rest, { env: this.env, stdio: ['ignore', log, log] });
    fs.closeSync(log);
    this.pid = this.child.pid;
    this.exited = undefined;
    this.ended = new Promise((resolve) => {
      this.child.on('exit', (code, signal) => {
        this.exited = { code, signal };
        resolve(this.exited);
      });
    });
    const child = this.child;
    atEnd(() => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    });
  }

  async start(more = []) {
    this.launch(more);
    await this.ready();
  }

  async ready(timeoutMs = 30000) {
    const file = path.join(this.dir, 'worker.url');
    await until('the worker', async () => {
      if (this.exited) throw new Error(`the worker ended: ${JSON.stringify(this.exited)}\n${this.logText().slice(-2000)}`);
      if (!fs.existsSync(file)) return false;
      const url = fs.readFileSync(file, 'utf8').trim();
      if (!url) return false;
      this.url = url;
      this.port = Number(new URL(url).port);
      return (await this.health()) === 'ready';
    }, timeoutMs);
  }

  // 'ready', another state, or undefined where nobody answers.
  async health() {
    const connection = new Connection(this.url, 2000);
    try {
      return (await connection.request('GET', '/readyz')).body?.status;
    } catch {
      return undefined;
    } finally {
      connection.close();
    }
  }

  // The clean way; its exit status.
  async stop() {
    if (!this.child || this.exited) return this.exited?.code;
    this.child.kill('SIGTERM');
    await until('the worker to stop', () => this.exited, 20000);
    return this.exited.code;
  }

  // kill -9 of the supervisor; its children end with it, which is waited for.
  async kill() {
    const children = this.children();
    this.child.kill('SIGKILL');
    await this.ended;
    await until('the children to end', () => !Object.values(children).some(alive));
  }

  // A start that has to fail: its BOOT_FAIL line.
  async bootFail(more = []) {
    const from = fs.existsSync(this.log) ? fs.statSync(this.log).size : 0;
    this.launch(more);
    await until('the start to fail', () => this.exited, 30000);
    const text = fs.readFileSync(this.log).subarray(from).toString();
    return { code: this.exited.code, line: text.split('\n').find((line) => line.startsWith('BOOT_FAIL')) ?? text };
  }

  // {keeper: pid, gateway: pid}
  children() {
    const found = {};
    let list = '';
    try {
      list = fs.readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    } catch {
      return found;
    }
    for (const pid of list.trim().split(/\s+/).filter(Boolean)) {
      try {
        const role = /--role=(\w+)/.exec(fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1'))?.[1];
        if (role) found[role] = Number(pid);
      } catch {
        continue;
      }
    }
    return found;
  }

  logText() {
    return fs.existsSync(this.log) ? fs.readFileSync(this.log, 'utf8') : '';
  }

  async metrics() {
    const connection = new Connection(this.url);
    const { text } = await connection.request('GET', '/metrics');
    connection.close();
    return Object.fromEntries(text.split('\n').filter((l) => l && !l.startsWith('#')).map((l) => [l.slice(10, l.lastIndexOf(' ')), Number(l.slice(l.lastIndexOf(' ') + 1))]));
  }

  client(device, more = {}) {
    return new Client(more.where ?? this.url, device, { prefix: this.prefix, ...more });
  }

  // Signs a person in over the operator's socket; a client on TCP with the session.
  async owner(identity = 'email:alice@demo.example', device = new Device(), more = {}) {
    const door = this.client(device, { where: this.operator });
    const session = await door.must('local-session', { identity, device_name: 'test', ...more });
    door.close();
    const client = this.client(device, { token: session.session_jwt, account: session.anchor });
    client.session = session;
    return client;
  }

  // A fresh connection of the same caller.
  again(client, where = this.url) {
    const fresh = this.client(client.device, { where, token: client.token, account: client.account });
    fresh.session = client.session;
    fresh.label = client.label;
    return fresh;
  }

  // Pairs an agent and approves it; a client with the agent's token.
  async agent(owner, label, { scope = ['cap:sign-message', 'cap:sign-siwe'], rate = 1000, valid_until_at, device = new Device() } = {}) {
    const agent = this.client(device, { account: owner.account });
    const asked = await agent.must('pair-request', { label, want: scope });
    const { requests: [shown] } = await owner.must('pair-list', { code: asked.pairing_code });
    await owner.must('pair-approve', { request_id: shown.request_id, kind: shown.kind, label: shown.label, device: shown.device, scope, rate, valid_until_at });
    const got = await agent.must('pair-status', { id: asked.request_id });
    agent.token = got.agent_token;
    agent.label = label;
    agent.address = got.address;
    return agent;
  }

  // A fresh token of the current generation.
  async renew(agent) {
    const got = await agent.must('token', { account: agent.account, label: agent.label });
    agent.token = got.agent_token;
    agent.address = got.address;
    agent.proved = false;
    return got;
  }
}
