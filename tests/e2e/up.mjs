#!/usr/bin/env node
// `agentkeys up`: worker and broker by one command. Sign-in works at once, the address outlives restarts, and neither program outlives the
// command, whichever way it ends. I9, I19.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { Broker, MailSink, SignIn, freePort, program as brokerProgram } from './lib/broker.mjs';
import { assert, atEnd, main, test, until } from './lib/check.mjs';
import { Device } from './lib/device.mjs';
import { build, tempDir } from './lib/worker.mjs';

const cli = path.join(build, 'src/programs/cli/agentkeys');
const places = [cli, brokerProgram, path.join(build, 'src/programs/worker/agentkeys-worker')].map((file) => path.dirname(file));
const secret = '5e'.repeat(32);

class Up {
  constructor(port, dir = tempDir()) {
    Object.assign(this, { dir, port, data: path.join(dir, 'data'), run: path.join(dir, 'run') });
    this.broker = new Broker({ dir, port });
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AGENTKEYS_|XDG_|NOTIFY_SOCKET|DEV_KEY)/.test(name)));
    this.env = { ...clean, HOME: dir, PATH: `${places.join(':')}:${process.env.PATH}`, AGENTKEYS_STATE_DIR: path.join(dir, 'person'),
      AGENTKEYS_OPERATOR_SOCKET: path.join(this.run, 'operator.sock'), AGENTKEYS_BROKER_URL: this.broker.url };
    this.args = ['up', '--data-dir', this.data, '--listen', '127.0.0.1:0', '--socket', path.join(this.run, 'worker.sock')];
  }

  start(more = [], env = {}) {
    this.text = '';
    this.child = spawn(cli, [...this.args, ...more], { env: { ...this.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (part) => { this.text += part; });
    const { child } = this;
    this.ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
    atEnd(() => child.exitCode === null && child.kill('SIGKILL'));
  }

  async ready(more, env) {
    this.start(more, env);
    await until('both', async () => {
      if (this.child.exitCode !== null) throw new Error(`up ended: ${this.text.slice(-2000)}`);
      return (await this.broker.get('/readyz'))?.status === 200;
    });
    this.url = fs.readFileSync(path.join(this.run, 'worker.url'), 'utf8').trim();
  }

  async fails(more, env) {
    this.start(more, env);
    return this.ended;
  }

  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    return this.ended;
  }

  // Processes of these folders, by their command lines.
  running() {
    const all = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const line = (pid) => { try { return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8'); } catch { return ''; } };
    return all.map((pid) => ({ pid: Number(pid), line: line(pid) })).filter((one) => one.line.includes(this.dir));
  }

  brokerPid() {
    return this.running().find(({ line }) => line.includes('agentkeys-broker\0serve'))?.pid;
  }

  person(...args) {
    const done = spawnSync(cli, args, { env: { ...this.env, AGENTKEYS_SIGNER_URL: `${this.url}/tee` }, encoding: 'utf8', timeout: 20000 });
    return { ...done, json: () => JSON.parse(done.stdout) };
  }
}

// Of processes that are not dumpable only root sees any.
const environ = (pid) => {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch (error) {
    assert.equal(error.code, 'EACCES');
    assert.notEqual(process.getuid(), 0);
    return '';
  }
};
const account = privateKeyToAccount(generatePrivateKey());
const byWallet = async (up, device) => {
  const who = new SignIn(up.broker, device);
  const { body } = await who.walletStart(account.address);
  const signed = await who.walletVerify(body.request_id, await account.signMessage({ message: body.siwe_message }));
  return signed.body;
};

await main(async () => {
  const up = new Up(await freePort());
  const device = new Device();
  const listen = ['--broker-listen', `127.0.0.1:${up.port}`];
  const settings = path.join(up.data, 'broker/broker.conf');

  await test('a new folder: keys, worker and broker; a wallet signs in at once', async () => {
    await up.ready(listen, { AGENTKEYS_THREADS: '0' });
    assert.match(up.text, /sign-in by wallet; by mail once it has a mail server/);
    assert.equal(up.text.match(/It does not protect/g)?.length, 1, 'the first start, which is init and serve, warns once');
    assert.match(fs.readFileSync(settings, 'utf8'), new RegExp(`^listen = 127.0.0.1:${up.port}$`, 'm'));
    const body = await byWallet(up, device);
    assert.equal(body.state, 'verified', JSON.stringify(body));
    assert.equal(body.account_new, true);
    const local = up.person('init', '--local', 'email:alice@demo.example', '--json');
    assert.equal(local.status, 0, 'who is at this machine still signs in there');
    assert.match(local.json().recovery_code, /^([0-9a-f]{4} ){15}[0-9a-f]{4}$/, 'the code that the account has is seen');
    assert.equal(up.person('init', '--local', 'email:alice@demo.example', '--json').json().recovery_code, undefined, 'once');
    up.person('logout');
    assert.match(up.person('whoami').stderr, /next: {2}agentkeys init --local email:alice@demo.example/);
  });

  await test('status and doctor tell of it', async () => {
    const { status, checks } = up.person('status', '--json').json().broker;
    assert.deepEqual([status, checks.state, checks.worker, checks.mail], ['ready', 'ok', 'ok', 'off']);
    assert.match(up.person('status').stdout, /^broker .*ready, mail off/m);
    const said = up.person('doctor', '--json').json().checks.find((one) => one.check === 'broker');
    assert.equal(said.state, 'ok');
  });

  await test('a broker that was killed is started again', async () => {
    const before = up.brokerPid();
    process.kill(before, 'SIGKILL');
    await until('another', async () => up.brokerPid() && up.brokerPid() !== before && (await up.broker.get('/readyz'))?.status === 200);
    assert.match(up.text, /the broker ended; it is started again in 1 s/);
    assert.equal((await byWallet(up, device)).state, 'verified');
  });

  await test('it ends with its command, by a signal and by kill -9', async () => {
    assert.equal(await up.stop(), 0, up.text.slice(-500));
    assert.deepEqual(up.running(), []);
    await up.ready();
    assert.equal(await up.stop('SIGKILL'), 'SIGKILL');
    await up.ready(); // at once, as docs/tutorial.md does it
    const worker = up.running().find(({ line }) => line.includes('agentkeys-worker\0serve'));
    process.kill(worker.pid, 'SIGKILL');
    assert.equal(await up.ended, 128 + 9);
    await until('nothing left', () => up.running().length === 0);
  });

  await test('the next start finds its address, and a mail server by flags or in its file', async () => {
    const sink = await new MailSink({ dir: up.dir }).start();
    const mail = ['--mail-url', `smtp://127.0.0.1:${sink.port}`, '--mail-from', 'keys@demo.example', '--mail-starttls', 'off'];
    await up.ready(mail);
    assert.match(up.text, /sign-in by wallet and by mail/);
    const who = new SignIn(up.broker, new Device());
    assert.equal((await who.email('bob@demo.example')).status, 200);
    await up.broker.verify(await sink.take('bob@demo.example'), who.asked.body.match_code);
    assert.equal((await who.status()).body.state, 'verified');
    assert.equal(await up.stop(), 0);
    fs.appendFileSync(settings, `mail.url = smtp://127.0.0.1:${sink.port}\nmail.from = keys@demo.example\nmail.starttls = off\n`);
    await up.ready();
    assert.equal(up.person('status', '--json').json().broker.checks.mail, 'on');
    assert.equal(await up.stop('SIGINT'), 0);
  });

  await test('an address that is taken: nothing is made, nothing runs half', async () => {
    const other = new Up(up.port);
    const holder = net.createServer().listen(up.port, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    assert.equal(await other.fails(listen), 7);
    assert.match(other.text, /nothing was made\n {2}next: {2}agentkeys up --broker-listen/);
    assert.equal(fs.existsSync(other.data), false);
    assert.equal(await up.fails(), 1);
    assert.match(up.text, /the broker did not start, so the worker was stopped/);
    assert.deepEqual(up.running(), []);
    await new Promise((resolve) => holder.close(resolve));
  });

  await test('another address than the sealed one is refused, with the sealed one named', async () => {
    assert.equal(await up.fails(['--broker-listen', `127.0.0.1:${await freePort()}`]), 1);
    assert.match(up.text, new RegExp(`BOOT_FAIL trust_config: broker_url=.*sealed is: http://127.0.0.1:${up.port}`));
  });

  await test('what cannot be is said before anything starts', async () => {
    for (const [args, why] of [
      [['--broker', 'maybe'], /its value is not acceptable/],
      [['--mail-url', 'http://x'], /mail.url is not usable/],
      [['--mail-user', 'keys'], /go together/],
      [['--broker-listen', '127.0.0.1:0'], /needs a port/],
      [['--broker-listen', '0.0.0.0:1'], /on loopback only/],
      [['--broker', 'on', '--broker-socket', '/tmp/x'], /a broker of yours/],
      [['--worker-socket', '/tmp/x'], /no such flag/],
    ]) {
      assert.equal(await up.fails(args), 2, args.join(' '));
      assert.match(up.text, why);
    }
  });

  await test('without a broker, now and for a worker that was made so', async () => {
    const old = new Up(await freePort());
    old.start(['--broker', 'off', '--json']);
    await until('the worker', () => /"event":"ready"/.test(old.text));
    assert.equal(old.brokerPid(), undefined);
    assert.match(old.text, /^\{"starting":"agentkeys-worker","version":"[^"]*"\}$/m);
    assert.equal(await old.stop(), 0);
    assert.equal(await old.fails(['--broker', 'on']), 7);
    old.start();
    await until('the worker', () => /"event":"ready"/.test(old.text));
    assert.match(old.text, /was made without a broker/);
    assert.equal(old.brokerPid(), undefined);
    assert.equal(await old.stop(), 0);
  });

  await test('the development secret stays with the worker (I19)', async () => {
    const dev = new Up(await freePort());
    await dev.ready(['--broker-listen', `127.0.0.1:${dev.port}`], { DEV_KEY_SERVICE_MASTER_SECRET: secret });
    for (const { pid, line } of dev.running()) assert.ok(!environ(pid).includes(secret), line);
    assert.ok(!dev.text.includes(secret));
    assert.equal(await dev.stop(), 0);
  });
});
