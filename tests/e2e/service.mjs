#!/usr/bin/env node
// As a service manager starts them: folders from its environment, sd_notify, the watchdog, and worker and broker as two users of whom
// neither is root, as the units have it. The units themselves are held to what systemd says of them.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Broker, freePort, program as brokerProgram } from './lib/broker.mjs';
import { assert, atEnd, main, skip, test, until } from './lib/check.mjs';
import { freeUsers } from './lib/unprivileged.mjs';
import { build, program as workerProgram, tempDir } from './lib/worker.mjs';

// spec: sd_notify(3). Node has no datagram sockets of this kind. A line for each: the sender's pid, and what it says.
const receiver = `import socket, struct, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
server.bind(sys.argv[1].replace('@', chr(0), 1))
print('bound', flush=True)
while True:
    said, extra, _, _ = server.recvmsg(4096, 64)
    print(struct.unpack('3i', extra[0][2][:12])[0], said.decode().replace(chr(10), ' '), flush=True)`;

class Manager {
  constructor(address) {
    this.address = address;
    this.text = '';
    this.child = spawn('python3', ['-c', receiver, address], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child.stdout.on('data', (part) => { this.text += part; });
    atEnd(() => this.child.kill('SIGKILL'));
  }

  get heard() {
    return this.text.split('\n').slice(0, -1);
  }

  says(pid, what) {
    return until(`${what} in ${this.heard.join()}`, () => this.heard.some((line) => `${line} `.startsWith(`${pid} ${what} `)));
  }
}

async function manager(address) {
  const made = new Manager(address);
  await until('the manager', () => made.heard.includes('bound'));
  return made;
}

function launch(command, args, env, log) {
  const fd = fs.openSync(log, 'a');
  const child = spawn(command, args, { env, stdio: ['ignore', fd, fd] });
  fs.closeSync(fd);
  child.ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
  atEnd(() => child.exitCode === null && child.kill('SIGKILL'));
  return child;
}

const own = process.getuid() === 0 ? { PATH: process.env.PATH } : { PATH: process.env.PATH, HOME: tempDir() };
const must = (command, args, env) => {
  const done = spawnSync(command, args, { env, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr + done.stdout);
};

await main(async () => {
  await test('the worker: folders of the manager, READY, WATCHDOG, STOPPING, from its main process alone', async () => {
    const dir = tempDir();
    const at = await manager(path.join(dir, 'notify'));
    const [state, slots, run] = ['state', 'state-slots', 'run'].map((name) => path.join(dir, name));
    for (const folder of [state, slots, run]) fs.mkdirSync(folder, { mode: 0o700 });
    const env = { ...own, STATE_DIRECTORY: `${state}:${slots}`, RUNTIME_DIRECTORY: run };
    must(workerProgram, ['init'], env);
    const child = launch(workerProgram, ['--listen', '127.0.0.1:0'], { ...env, NOTIFY_SOCKET: at.address, WATCHDOG_USEC: '400000' }, path.join(dir, 'log'));
    await at.says(child.pid, 'READY=1');
    await at.says(child.pid, 'WATCHDOG=1');
    assert.ok(fs.existsSync(path.join(state, 'sealed.bin')) && fs.existsSync(path.join(run, 'operator.sock')) && fs.existsSync(path.join(slots, 'worker')));
    child.kill('SIGTERM');
    assert.equal(await child.ended, 0);
    await at.says(child.pid, 'STOPPING=1');
    assert.ok(at.heard.every((line) => line === 'bound' || line.startsWith(`${child.pid} `)), at.heard.join());
  });

  await test('the broker, by an address without a file', async () => {
    const dir = tempDir();
    const at = await manager(`@agentkeys-test-${process.pid}`);
    must(brokerProgram, ['init', '--data-dir', path.join(dir, 'broker')], own);
    const args = ['serve', '--data-dir', path.join(dir, 'broker'), '--listen', '127.0.0.1:0', '--worker-socket', path.join(dir, 'none.sock')];
    const child = launch(brokerProgram, args, { ...own, NOTIFY_SOCKET: at.address, WATCHDOG_USEC: '2000000', WATCHDOG_PID: undefined }, path.join(dir, 'log'));
    await at.says(child.pid, 'READY=1');
    await at.says(child.pid, 'WATCHDOG=1');
    child.kill('SIGTERM');
    assert.equal(await child.ended, 0);
    await at.says(child.pid, 'STOPPING=1');
  });

  await test('worker and broker as two users: the socket goes by the group, and strangers get nowhere', async () => {
    if (process.getuid() !== 0) skip('only root can be two users');
    if (spawnSync('setpriv', ['--version']).status !== 0) skip('setpriv is not installed');
    const [worker, stranger] = freeUsers(2);
    const [broker, group] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(fs.readFileSync('/etc/passwd', 'utf8')).slice(1).map(Number);
    const dir = fs.mkdtempSync('/tmp/ak-service-');
    atEnd(() => fs.rmSync(dir, { recursive: true, force: true }));
    fs.chmodSync(dir, 0o755);
    const folder = (name, uid, mode) => {
      fs.mkdirSync(path.join(dir, name));
      fs.chownSync(path.join(dir, name), uid, uid);
      fs.chmodSync(path.join(dir, name), mode);
      return path.join(dir, name);
    };
    const [keys, state, run, bin] = [folder('keys', broker, 0o700), folder('state', worker, 0o700), folder('run', worker, 0o755), folder('bin', 0, 0o755)];
    folder('state-slots', worker, 0o700);
    for (const program of [workerProgram, brokerProgram]) fs.copyFileSync(program, path.join(bin, path.basename(program)));
    const as = (uid, groups, program) => ['--reuid', uid, '--regid', uid === broker ? group : uid, ...(groups ? ['--groups', groups] : ['--clear-groups']),
      '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', path.join(bin, path.basename(program))].map(String);
    must('setpriv', [...as(broker, 0, brokerProgram), 'init', '--data-dir', keys], { ...own, HOME: keys });
    fs.copyFileSync(path.join(keys, 'broker.pub.jwk'), path.join(dir, 'broker.jwk'));
    fs.chmodSync(path.join(dir, 'broker.jwk'), 0o644);
    const port = await freePort();
    const args = ['--listen', '127.0.0.1:0', '--issuer', 'https://keys.example', '--broker-socket', path.join(run, 'broker.sock'), '--broker-user', 'nobody',
      '--broker-url', `http://127.0.0.1:${port}`, '--broker-key', path.join(dir, 'broker.jwk')];
    const env = { ...own, HOME: state, STATE_DIRECTORY: state, RUNTIME_DIRECTORY: run };
    must('setpriv', [...as(worker, group, workerProgram), 'init', ...args], env);
    const log = path.join(dir, 'log');
    assert.equal(await launch('setpriv', [...as(worker, 0, workerProgram), 'serve', ...args], env, log).ended, 1);
    assert.match(fs.readFileSync(log, 'utf8'), /^BOOT_FAIL listen_failed: broker_user=nobody: the worker's user must be in that user's group/m);
    launch('setpriv', [...as(worker, group, workerProgram), 'serve', ...args], env, log);
    launch('setpriv', [...as(broker, 0, brokerProgram), 'serve', '--data-dir', keys, '--worker-socket', path.join(run, 'broker.sock'), '--listen',
      `127.0.0.1:${port}`, '--issuer', 'https://keys.example'], { ...own, HOME: keys }, log);
    const asked = new Broker({ dir, port });
    await until('the broker to reach the worker', async () => (await asked.get('/readyz'))?.status === 200, 20000, 100);
    const socket = fs.statSync(path.join(run, 'broker.sock'));
    assert.deepEqual([socket.mode & 0o777, socket.uid, socket.gid], [0o660, worker, group]);
    const dial = `const s = require('net').connect('${path.join(run, 'broker.sock')}');
      s.on('error', (error) => console.log(error.code)); s.on('connect', () => s.write('GET /internal/v1/nonce HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'));
      s.on('data', (part) => { console.log(String(part).split('\\r\\n')[0]); s.end(); }); s.on('close', () => console.log('closed'));`;
    const by = (uid, gid) => spawnSync(process.execPath, ['-e', dial], { uid, gid, env: own, cwd: '/', encoding: 'utf8', timeout: 10000 }).stdout ?? '';
    assert.match(by(broker, group), /^HTTP\/1\.1 200/);
    assert.match(by(stranger, stranger), /^EACCES/);
    assert.doesNotMatch(by(stranger, group), /^HTTP\/1\.1 200/, 'who is only in the group is asked who he is');
  });

  await test('what systemd says of the units', () => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) skip('systemd-analyze is not installed');
    const dir = tempDir();
    for (const [name, program] of [['agentkeys-worker', workerProgram], ['agentkeys-broker', brokerProgram]]) {
      const unit = path.join(dir, `${name}.service`);
      fs.writeFileSync(unit, fs.readFileSync(path.join(build, `data/${name}.service`), 'utf8').replace(/^ExecStart=\S+/m, `ExecStart=${program}`));
      const verified = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
      assert.deepEqual([verified.status, verified.stderr], [0, ''], name);
      const judged = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', '--threshold=20', unit], { encoding: 'utf8' });
      assert.equal(judged.status, 0, judged.stdout + judged.stderr);
    }
  });
});
