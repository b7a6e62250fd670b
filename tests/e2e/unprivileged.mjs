#!/usr/bin/env node
// The whole job as a user without any power, with the programs as they are installed and every setting its default: worker, broker,
// commands and daemon. Each file that comes of it has its mode, and a second user neither reads a thing nor gets in where he must not.
// Run as root, it becomes such a user; run by one, it is that user, and has no second one. I9, I10.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, atEnd, main, skip, test, until } from './lib/check.mjs';

const self = fileURLToPath(import.meta.url);
const { HOME: home, AK_PLACE: place, AK_OTHER: other } = process.env;
const data = path.join(home ?? '', '.local/share/agentkeys');

const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

// ---- what only the process outside can ----
const asked = new Map();
async function ask(what) {
  const id = asked.size;
  const answer = await new Promise((resolve) => {
    asked.set(id, resolve);
    process.send({ id, ...what });
  });
  assert.ok(!answer.failed, answer.failed);
  return answer.value;
}

// A line of JavaScript, run by the second user; `shared`: who is in the first one's group.
function byOther(code, shared = false) {
  if (!other) skip('only root can be a second user');
  return ask({ code, shared });
}

// ---- the machine ----
const env = { PATH: process.env.PATH, HOME: home };
const machine = { up: undefined, text: '' };

async function up(args = []) {
  const child = spawn('agentkeys', ['up', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  machine.up = child;
  machine.text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => { machine.text += part; });
  machine.ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
  atEnd(() => child.exitCode === null && child.kill('SIGKILL'));
  const dir = args.includes('--operator-socket') ? path.dirname(args[args.indexOf('--operator-socket') + 1]) : path.join(data, 'run');
  await until('worker and broker', async () => {
    assert.ok(child.exitCode === null, machine.text);
    return /"role":"supervisor","event":"ready"/.test(machine.text) && (await fetch(`${env.AGENTKEYS_BROKER_URL}/readyz`).catch(() => undefined))?.status === 200;
  });
  env.AGENTKEYS_SIGNER_URL = `${fs.readFileSync(path.join(dir, 'worker.url'), 'utf8').trim()}/tee`;
}

async function down(signal = 'SIGTERM') {
  machine.up.kill(signal);
  return machine.ended;
}

// The processes of this user, by their command lines.
const running = () => fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
  try {
    const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    return fs.statSync(`/proc/${pid}`).uid === process.getuid() || other ? [{ pid: Number(pid), line }] : [];
  } catch {
    return [];
  }
}).filter(({ line }) => /agentkeys(-worker|-broker)?$/.test(line[0]) && line.join(' ').includes(place) || (line[1] ?? '').startsWith('--role=') && line[0].startsWith(place));

function run(program, args, { input = '', more = {}, stdio } = {}) {
  const done = spawnSync(program, args, { env: { ...env, ...more }, input, encoding: 'utf8', timeout: 30000, stdio });
  return { ...done, json: () => JSON.parse(done.stdout) };
}

function must(program, args, options) {
  const done = run(program, args, options);
  assert.equal(done.status, 0, `${program} ${args.join(' ')}: ${done.stderr}${done.stdout}`);
  return done;
}

const person = (...args) => must('agentkeys', [...args, '--json']).json();
const agent = (...args) => must('agentkeys-daemon', [...args, '--json']).json();
// After a crash every rate begins empty, and comes back with time.
const patiently = (program, ...args) => until('the rate to come back', () => run(program, args).stdout, 20000, 100);
const refused = (rule, program, ...args) => {
  const done = run(program, [...args, '--json']);
  assert.equal(done.status, 3, done.stderr + done.stdout);
  assert.equal(done.json().denial.rule, rule);
};

// ---- modes ----
// All below a folder: [name, type, mode].
function tree(dir) {
  return fs.readdirSync(dir, { recursive: true, withFileTypes: true }).map((entry) => {
    const name = path.join(entry.parentPath, entry.name);
    const info = fs.lstatSync(name);
    const type = info.isDirectory() ? 'd' : info.isSocket() ? 's' : info.isFile() ? 'f' : '?';
    return { name: path.relative(dir, name), type, mode: info.mode & 0o7777, uid: info.uid };
  });
}

// What others may have something of: no secret among it, and all of it in folders that are closed to them.
const shared = { 'broker/broker.pub.jwk': 0o644, 'run/worker.url': 0o644, 'run/worker.sock': 0o660 };
const wanted = { d: 0o700, f: 0o600, s: 0o600 };

function checkModes(dir) {
  const found = tree(dir);
  for (const { name, type, mode, uid } of found) {
    assert.equal(mode.toString(8), (shared[name.split('/').slice(-2).join('/')] ?? wanted[type] ?? 0).toString(8), name);
    assert.equal(uid, process.getuid(), name);
  }
  return found.map(({ name }) => name);
}

async function inside() {
  const port = await freePort();
  env.AGENTKEYS_BROKER_URL = `http://127.0.0.1:${port}`;
  const listen = ['--listen', `127.0.0.1:${await freePort()}`];
  let account, first;

  await test('this is a user without any power', () => {
    const status = fs.readFileSync('/proc/self/status', 'utf8');
    assert.notEqual(process.getuid(), 0);
    for (const set of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb']) assert.match(status, new RegExp(`^${set}:\t0+$`, 'm'));
    assert.match(status, /^Groups:[\t ]*(\d+ ?)*$/m);
  });

  await test('what is installed: programs, units, pages; nothing writable by others, nothing that lends rights', () => {
    const files = fs.readdirSync(place).filter((name) => !['home', 'open', 'test'].includes(name)).flatMap((name) => tree(path.join(place, name)));
    for (const { name, type, mode } of files) {
      const program = type === 'd' || /bin\/agentkeys(-\w+)?$/.test(name);
      assert.equal(mode.toString(8), program ? '755' : '644', name);
    }
    for (const end of ['bin/agentkeys', 'bin/agentkeys-daemon', 'bin/agentkeys-worker', 'bin/agentkeys-broker', 'system/agentkeys-worker.service',
      'system/agentkeys-broker.service', 'sysusers.d/agentkeys.conf', 'tmpfiles.d/agentkeys.conf'])
      assert.ok(files.some(({ name }) => name.endsWith(end)), end);
  });

  await test('up makes all it needs in the home folder', async () => {
    await up([...listen, '--broker-listen', `127.0.0.1:${port}`]);
    assert.equal(person('status').worker?.status ?? 'ready', 'ready');
    const names = checkModes(path.join(home, '.local/share'));
    for (const name of ['agentkeys/sealed.bin', 'agentkeys/tee/key', 'agentkeys-slots/worker', 'agentkeys/broker/broker.key', 'agentkeys/run/operator.sock'])
      assert.ok(names.includes(name), name);
  });

  await test('init, pair, approve, sign, refuse', async () => {
    const made = person('init', '--local', 'email:alice@demo.example');
    account = made.anchor;
    assert.match(made.recovery_code.replaceAll(' ', ''), /^[0-9a-f]{64}$/);
    const { pairing_code: code } = agent('pair', '--label', 'agent-1', '--want', 'cap:sign-message', '--account', account, '--no-wait');
    refused('path_unknown', 'agentkeys-daemon', 'sign', '--label', 'agent-1', '--account', account, '--message', 'hello');
    first = person('pair', 'approve', code, '--scope', 'cap:sign-message,openrouter', '--rate', '600/min', '--valid-for', '30d', '--yes').address;
    assert.equal(agent('pair', '--label', 'agent-1', '--resume').address, first);
    assert.match(agent('sign', '--label', 'agent-1', '--message', 'hello').signature, /^0x[0-9a-f]{130}$/);
    refused('scope', 'agentkeys-daemon', 'read', 'github', '--label', 'agent-1');
  });

  await test('suspend, resume, rotate', () => {
    person('agents', 'suspend', 'agent-1');
    refused('active', 'agentkeys-daemon', 'sign', '--label', 'agent-1', '--message', 'hello');
    person('agents', 'resume', 'agent-1');
    assert.notEqual(person('agents', 'rotate', 'agent-1').address, first);
    agent('sign', '--label', 'agent-1', '--message', 'hello');
  });

  await test('a wallet signs in by the broker, on a second machine of his', async () => {
    const file = path.join(home, 'text');
    const more = { AGENTKEYS_STATE_DIR: path.join(home, 'second') };
    const address = await ask({ what: 'address' });
    const child = spawn('agentkeys', ['init', '--wallet', address, '--text-file', file, '--json'], { env: { ...env, ...more }, stdio: ['pipe', 'pipe', 'ignore'] });
    const out = new Promise((resolve) => { let text = ''; child.stdout.on('data', (part) => { text += part; }); child.on('close', () => resolve(text)); });
    const text = await until('the text', () => { try { return /urn:agentkeys:device:.{43}/.test(fs.readFileSync(file, 'utf8')) && fs.readFileSync(file, 'utf8'); } catch { return false; } });
    child.stdin.end(`${await ask({ what: 'sign', value: text })}\n`);
    assert.equal(JSON.parse(await out).account_new, true);
  });

  await test('credentials: stored, read, moved to another epoch; each file closed', () => {
    must('agentkeys', ['store', 'openrouter'], { input: 'sk-first' });
    assert.equal(must('agentkeys-daemon', ['read', 'openrouter', '--label', 'agent-1']).stdout, 'sk-first');
    person('epoch', 'rotate', '--wait', '30s');
    person('epoch', 'destroy', '1', '--wait', '30s', '--yes');
    assert.equal(must('agentkeys-daemon', ['read', 'openrouter', '--label', 'agent-1']).stdout, 'sk-first');
    assert.equal(must('agentkeys-daemon', ['run', '--label', 'agent-1', '--env', 'K=openrouter', '--', 'sh', '-c', 'printf %s "$K"']).stdout, 'sk-first');
    const names = checkModes(path.join(home, '.local/share'));
    assert.ok(names.some((name) => /blobs\/.*\/00000002\/[0-9a-f]{32}\.enc$/.test(name)), names.join('\n'));
    checkModes(path.join(home, 'second'));
  });

  await test('a second user reads nothing, gets in nowhere, and stops nothing', async () => {
    for (const dir of [home, data, `${data}-slots`, path.join(data, 'client/default')]) assert.equal(await byOther(`refusal(() => fs.readdirSync('${dir}'))`), 'EACCES', dir);
    for (const file of ['sealed.bin', 'tee/key', 'broker/broker.key', 'client/default/device.key']) assert.equal(await byOther(`refusal(() => fs.readFileSync('${data}/${file}'))`), 'EACCES');
    for (const socket of ['operator.sock', 'broker.sock', 'worker.sock']) assert.equal(await byOther(`dial('${data}/run/${socket}')`), 'EACCES', socket);
    const found = running();
    assert.ok(found.length >= 5, JSON.stringify(found));
    for (const { pid, line } of found) {
      assert.equal(await byOther(`refusal(() => fs.readFileSync('/proc/${pid}/environ'))`), 'EACCES', line.join(' '));
      assert.equal(await byOther(`refusal(() => process.kill(${pid}, 'SIGTERM'))`), 'EPERM', line.join(' '));
    }
  });

  await test('kill -9: nothing outlives the command, the next start has all', async () => {
    const worker = running().find(({ line }) => line[1] === 'serve' && line[0].endsWith('worker'));
    process.kill(worker.pid, 'SIGKILL');
    assert.equal(await machine.ended, 128 + 9);
    await until('nothing left', () => running().length === 0);
    await up(listen);
    const keeper = running().find(({ line }) => line[1] === '--role=keeper');
    process.kill(keeper.pid, 'SIGKILL');
    await until('another keeper', () => running().some(({ pid, line }) => line[1] === '--role=keeper' && pid !== keeper.pid));
    await until('it answers', () => run('agentkeys', ['status', '--json']).status === 0);
    assert.equal((await patiently('agentkeys', 'read', 'openrouter', '--reveal')).trim(), 'sk-first');
    assert.match(await patiently('agentkeys-daemon', 'sign', '--label', 'agent-1', '--message', 'again'), /0x/);
    checkModes(path.join(home, '.local/share'));
  });

  await test('audit: exported, verified offline, and closed to others', () => {
    const file = path.join(home, 'log.jsonl');
    must('agentkeys', ['audit', 'export', file]);
    assert.match(must('agentkeys', ['audit', 'verify', file]).stdout, /^result: sound$/m);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  });

  await test('standard output that is full: each command says so, and what it did stays done', () => {
    const full = fs.openSync('/dev/full', 'w');
    const stdio = ['ignore', full, 'pipe'];
    for (const args of [['--help'], ['sign', '--help'], ['version'], ['whoami'], ['status'], ['agents', 'list'], ['audit', 'list', '--json'], ['credentials', 'list'], ['doctor']]) {
      const done = run('agentkeys', args, { stdio });
      assert.equal(done.status, 1, args.join(' '));
      assert.match(done.stderr, /standard output cannot be written\n {2}cause: .*\n {2}next: /, args.join(' '));
    }
    assert.match(run('agentkeys', ['agents', 'suspend', 'agent-1'], { stdio }).stderr, /what was asked for is done/);
    refused('active', 'agentkeys-daemon', 'sign', '--label', 'agent-1', '--message', 'hello');
    person('agents', 'resume', 'agent-1');
    const bob = { AGENTKEYS_STATE_DIR: path.join(home, 'bob') };
    const opened = run('agentkeys', ['init', '--local', 'email:bob@demo.example'], { stdio, more: bob });
    assert.equal(opened.status, 1);
    assert.match(opened.stderr, /did not take the recovery code; it is shown this once:\n\n {2}([0-9a-f]{4} ?){16}\n/);
    for (const program of ['agentkeys-worker', 'agentkeys-broker', 'agentkeys-daemon'])
      for (const args of [['--help'], ['--version']]) {
        const done = run(program, args, { stdio });
        assert.equal(done.status, 1, program);
        assert.match(done.stderr, /standard output cannot be written/, program);
      }
    fs.closeSync(full);
  });

  await test('closed descriptors and a reader who leaves: errors, no file is written into', () => {
    const closed = run('sh', ['-c', `agentkeys store closed --file '${home}/text' <&- >&-; agentkeys export-key '${home}/k' >&-; agentkeys store nothing <&-`]);
    assert.match(closed.stderr, /what was asked for is done/);
    assert.match(closed.stderr, /the value cannot be read/);
    assert.match(fs.readFileSync(path.join(home, 'k'), 'latin1'), /^\S+\n?$/);
    assert.ok(person('credentials', 'list').credentials.some(({ service }) => service === 'closed'));
    const left = run('sh', ['-c', 'agentkeys agents rotate agent-1 2>/dev/null | true; agentkeys agents show agent-1 --json']);
    assert.equal(left.json().generation, 2);
    assert.equal(run('sh', ['-c', '{ agentkeys --help; agentkeys-worker --help; } | head -1']).stderr, '', 'a reader who has enough is no error');
  });

  await test('a stop, a backup, and another folder from it', async () => {
    assert.equal(await down(), 0, machine.text.slice(-1000));
    assert.deepEqual(running(), []);
    const ledger = path.join(home, 'ledger.jsonl');
    must('sh', ['-c', `umask 077; agentkeys-worker ledger export >'${ledger}'`]);
    assert.match(must('agentkeys', ['audit', 'verify', ledger]).stdout, /^result: sound$/m);
    assert.match(must('agentkeys-worker', ['ledger', 'verify']).stdout, /^ok: \d+ entries verified/);
    const back = path.join(home, 'back');
    must('sh', ['-c', `mkdir -m 700 '${back}' && cp -Rp '${data}' '${back}/data' && cp -Rp '${data}-slots' '${back}/data-slots'`]);
    await up([...listen, '--data-dir', path.join(back, 'data')]);
    assert.equal((await patiently('agentkeys', 'read', 'openrouter', '--reveal')).trim(), 'sk-first');
    assert.match(await patiently('agentkeys-daemon', 'sign', '--label', 'agent-1', '--message', 'from the backup'), /0x/);
    assert.equal(await down(), 0);
    checkModes(back);
  });

  // A worker of its own, started by a shell that does something before.
  const start = async (dir, before, more = []) => {
    const args = ['serve', '--data-dir', dir, '--listen', '127.0.0.1:0', '--socket', `${dir}-run/w.sock`, '--operator-socket', `${dir}-run/op.sock`, ...more];
    const child = spawn('sh', ['-c', `${before}; exec agentkeys-worker "$@"`, 'sh', ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (part) => { text += part; });
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)));
    atEnd(() => child.exitCode === null && child.kill('SIGKILL'));
    await until('a start, or none', () => child.exitCode !== null || /"role":"supervisor","event":"ready"/.test(text));
    return { child, ended, text: () => text };
  };
  const dir = path.join(home, 'mask-0000');

  await test('a umask of any kind, few open files, no home: as always, or a start that says what is missing', async () => {
    for (const mask of ['0000', '0777', '0277']) {
      const made = path.join(home, `mask-${mask}`);
      must('sh', ['-c', `umask ${mask}; exec agentkeys-worker init --data-dir '${made}'`]);
      const { child, ended } = await start(made, `umask ${mask}`);
      child.kill('SIGTERM');
      assert.equal(await ended, 0, mask);
      checkModes(made);
      checkModes(`${made}-slots`);
    }
    const soft = await start(dir, 'ulimit -S -n 64');
    soft.child.kill('SIGTERM');
    assert.equal(await soft.ended, 0, soft.text());
    const few = await start(dir, 'ulimit -n 64');
    assert.equal(await few.ended, 1);
    assert.match(few.text(), /^BOOT_FAIL file_limit: max_connections=512: takes 576 open files, and the system grants 64 /m);
    for (const [program, command] of [['agentkeys', 'whoami'], ['agentkeys-daemon', 'status'], ['agentkeys-worker', 'serve'], ['agentkeys-broker', 'serve']])
      assert.match(run(program, [command], { more: { HOME: undefined } }).stderr, /neither HOME nor/, program);
  });

  await test('a folder that is moved while its worker runs: it goes on, and a second one is refused', async () => {
    const first = await start(dir, ':');
    fs.renameSync(dir, `${dir}-moved`);
    const second = await start(`${dir}-moved`, ':', ['--vault-erasure-slot', `${dir}-slots`]);
    assert.equal(await second.ended, 1);
    assert.match(second.text(), /^BOOT_FAIL data_dir_busy: /m);
    first.child.kill('SIGTERM');
    assert.equal(await first.ended, 0, first.text());
    fs.renameSync(`${dir}-moved`, dir);
    assert.match(must('agentkeys-worker', ['ledger', 'verify', '--data-dir', dir]).stdout, /^ok: /);
  });
}

async function outside() {
  const { generatePrivateKey, privateKeyToAccount } = await import('viem/accounts');
  const { runUnprivileged } = await import('./lib/unprivileged.mjs');
  const wallet = privateKeyToAccount(generatePrivateKey());
  const status = await runUnprivileged(self, { address: () => wallet.address, sign: (message) => wallet.signMessage({ message }) });
  assert.equal(status, 0, 'a case failed');
}

if (process.argv.includes('--inside')) {
  process.on('message', (answer) => asked.get(answer.id)(answer));
  await main(inside);
}
await main(() => test('all of it as a user without any power', outside));
