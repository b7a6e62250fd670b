#!/usr/bin/env node
// Every command of agentkeys and agentkeys-daemon as a person and an agent type them: help and example, --json, exit statuses by category, errors with
// their cause and the next command; the worker's TLS key is fixed at the first meeting; and a stranger recomputes all of it from the
// record of the calls (I15).
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { assert, atEnd, main, test, until } from './lib/check.mjs';
import { hex, sha256, unhex } from './lib/bytes.mjs';
import { freePort } from './lib/broker.mjs';
import { Device } from './lib/device.mjs';
import { checkRecord, makeRecord } from './lib/record.mjs';
import { build, tempDir, Worker } from './lib/worker.mjs';

const programs = { agentkeys: path.join(build, 'src/programs/cli/agentkeys'), 'agentkeys-daemon': path.join(build, 'src/programs/daemon/agentkeys-daemon') };

// A folder of somebody's; `url` and `operator` say where the worker is.
class Terminal {
  constructor(url, { operator = '/nowhere/op.sock', trace, env = {} } = {}) {
    this.dir = tempDir();
    this.env = { PATH: process.env.PATH, HOME: this.dir, AGENTKEYS_STATE_DIR: path.join(this.dir, 'state'), AGENTKEYS_SIGNER_URL: url,
      AGENTKEYS_OPERATOR_SOCKET: operator, AGENTKEYS_BROKER_URL: 'http://127.0.0.1:9', AGENTKEYS_TIMEOUT: '5s', ...(trace && { AGENTKEYS_TRACE: trace }), ...env };
  }

  // {status, out, err}; nothing on standard input.
  run(program, args, input = '') {
    const child = spawn(programs[program], args, { env: this.env, cwd: this.dir, stdio: ['pipe', 'pipe', 'pipe'], timeout: 20000 });
    const got = { out: '', err: '' };
    child.stdout.on('data', (part) => { got.out += part; });
    child.stderr.on('data', (part) => { got.err += part; });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    Object.assign(this, { child, got });
    return new Promise((resolve) => child.on('close', (status, signal) => resolve({ ...got, status: status ?? signal })));
  }

  async json(program, args, input) {
    const done = await this.run(program, [...args, '--json'], input);
    assert.equal(done.status, 0, `${program} ${args.join(' ')}\n${done.out}${done.err}`);
    return JSON.parse(done.out);
  }

  person(...args) {
    return this.json('agentkeys', args);
  }

  agent(...args) {
    return this.json('agentkeys-daemon', args);
  }

  // Ends with `status` and says why; with --json the contract's error, too.
  async fails(status, line, code) {
    const [program, ...args] = line;
    const plain = await this.run(program, args);
    assert.equal(plain.status, status, `${line.join(' ')}: ${plain.status}\n${plain.out}${plain.err}`);
    assert.match(plain.err, new RegExp(`(^|\\n)${program}: [^\\n]+\\n  cause: [^\\n]+\\n  next:  [^\\n]+\\n$`), line.join(' '));
    assert.equal(plain.out, '', line.join(' '));
    const machine = await this.run(program, [...args, '--json']);
    assert.equal(machine.status, status, `${line.join(' ')} --json: ${machine.out}${machine.err}`);
    const said = JSON.parse(machine.out);
    assert.ok(said.error && said.message, machine.out);
    if (code) assert.equal(said.error, code);
    return { ...plain, said };
  }
}

const helpOf = new Map(); // [program, command words] -> help

async function allCommands() {
  const nobody = new Terminal('http://127.0.0.1:9/tee');
  for (const program of Object.keys(programs)) {
    const { out, status } = await nobody.run(program, ['--help']);
    assert.equal(status, 0);
    for (const [, command] of out.matchAll(/^ {2}([a-z-]+(?: [a-z]+)?) {2,}[A-Z]/gm)) helpOf.set([program, ...command.split(' ')], '');
  }
  await Promise.all([...helpOf.keys()].map(async (line) => {
    const done = await nobody.run(line[0], [...line.slice(1), '--help']);
    assert.equal(done.status, 0, line.join(' '));
    assert.equal(done.err, '', line.join(' '));
    helpOf.set(line, done.out);
  }));
}

// The words of an example as a shell would split them.
const words = (text) => [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
const exampleOf = (help) => words(/\nexample:\n {2}(.*)\n/.exec(help)[1]);

// A TLS server with a key of its own that keeps what it hears.
async function stranger(port) {
  const heard = [];
  const dir = tempDir();
  const file = (name) => path.join(dir, name);
  const made = await new Promise((resolve) => spawn('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=worker',
    '-keyout', file('key'), '-out', file('cert')], { stdio: 'ignore' }).on('close', resolve));
  assert.equal(made, 0);
  const server = tls.createServer({ key: fs.readFileSync(file('key')), cert: fs.readFileSync(file('cert')), minVersion: 'TLSv1.3' }, (socket) => {
    socket.on('data', (part) => heard.push(part));
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  atEnd(() => server.close());
  return { heard, server };
}

await main(async () => {
  await test('each command has help with usage, example, --json and exit statuses; words that are none do not run', async () => {
    await allCommands();
    assert.ok(helpOf.size > 60, `${helpOf.size} commands`);
    for (const [line, help] of helpOf) {
      const name = line.join(' ');
      assert.match(help, new RegExp(`^usage: ${name}( |\n)`), name);
      assert.deepEqual(exampleOf(help).slice(0, line.length), line, name);
      for (const part of ['\n  --json ', '\nwith --json: ', 'exit status: ']) assert.ok(help.includes(part), `${name}: no ${part}`);
    }
    const nobody = new Terminal('http://127.0.0.1:9/tee');
    for (const line of [['agentkeys', 'agents'], ['agentkeys', 'nothing'], ['agentkeys', 'agents', 'kill', 'x'], ['agentkeys-daemon', 'approve']])
      await nobody.fails(2, line);
    for (const bad of ['--nothing', '--profile', '--timeout=soon'])
      await nobody.fails(2, ['agentkeys', 'agents', 'list', bad]);
    await nobody.fails(2, ['agentkeys', 'agents', 'show']);
    await nobody.fails(2, ['agentkeys', 'agents', 'show', 'a', 'b']);
  });

  await test('each example, typed where nobody is signed in and no worker runs: an error with its cause and a next step', async () => {
    const offline = ['version', 'export-key'];
    const skipped = ['up', 'doctor', 'status']; // these serve, or report instead of failing
    for (const [line, help] of helpOf) {
      if (skipped.includes(line[1]) && line[0] === 'agentkeys') continue;
      const nobody = new Terminal('http://127.0.0.1:9/tee');
      const example = exampleOf(help).filter((word) => word !== '--json');
      if (offline.includes(line[1])) {
        assert.equal((await nobody.run(example[0], example.slice(1))).status, 0, example.join(' '));
        continue;
      }
      const done = await nobody.run(example[0], example.slice(1));
      assert.ok([1, 2, 4, 6, 8].includes(done.status), `${example.join(' ')}: ${done.status}\n${done.out}${done.err}`);
      assert.match(done.err, /\n? {2}cause: .+\n {2}next: {2}.+\n$/, example.join(' '));
    }
  });

  await test('agentkeys-worker: init, check-config and ledger verify, for people and as JSON', async () => {
    const made = new Worker();
    const settings = JSON.parse(made.command(['check-config', '--json', '--data-dir', made.dataDir, '--tls=on']).stdout);
    assert.deepEqual(settings.data_dir, { value: made.dataDir, source: 'flag' });
    assert.deepEqual(settings.tls, { value: 'on', source: 'flag' });
    assert.equal(settings.listen.source, 'default');
    const init = made.command(['init', '--data-dir', made.dataDir, '--json']);
    const said = JSON.parse(init.stdout);
    assert.match(init.stderr, /The software backend is for development/);
    for (const [key, length] of [['worker_id', 32], ['ledger_key', 64], ['trust_config', 64]]) assert.match(said[key], new RegExp(`^[0-9a-f]{${length}}$`));
    assert.deepEqual([said.data_dir, said.operators, said.development_signer], [made.dataDir, 0, false]);
    const verified = made.command(['ledger', 'verify', '--json', '--data-dir', made.dataDir]);
    assert.deepEqual(JSON.parse(verified.stdout), { entries: 2, sealed_checkpoint: 2, stored_values: 0, archived: 0, archive_read: false });
    assert.match(made.command(['ledger', 'verify', '--data-dir', made.dataDir]).stdout, /^ok: 2 entries verified/);
    for (const args of [['--help'], ['init', '--help'], ['check-config', '--help'], ['ledger', '--help']]) {
      const help = made.command(args);
      assert.equal(help.status, 0);
      assert.match(help.stdout, /^usage: agentkeys-worker /);
      assert.match(help.stdout, /example:\n {2}agentkeys-worker /);
    }
    for (const args of [['serve', '--json'], ['check-config', '--nothing'], ['nothing'], ['init', '--data-dir', made.dataDir, '--json']]) {
      const failed = made.command(args);
      assert.equal(failed.status, 1, args.join(' '));
      assert.match(failed.stderr, /^BOOT_FAIL [a-z_]+: \S*?=.*: .+; see docs\/operations\.md#[a-z-]+\n$/, args.join(' '));
      assert.equal(failed.stdout, '');
    }
    assert.equal(made.command(['ledger', 'nothing']).status, 2);
  });

  const worker = await Worker.start();
  const trace = path.join(worker.dir, 'calls.trace');
  const home = new Terminal(`${worker.url}/tee`, { operator: worker.operator, trace });
  const desk = new Terminal(`${worker.url}/tee`, { trace });
  const box = new Terminal(`${worker.url}/tee`, { trace });
  let account;
  let exported;

  await test('a person: init, whoami, status, address, sign, account, devices', async () => {
    await home.fails(4, ['agentkeys', 'whoami'], 'not_signed_in');
    const made = await home.person('init', '--local', 'email:alice@demo.example', '--name', 'home');
    account = made.anchor;
    assert.equal(made.account_new, true);
    assert.equal((await home.person('whoami')).anchor, account);
    assert.equal((await home.person('status')).status, 'ready');
    assert.equal((await home.person('account', 'show')).home_wallet, made.wallet_address);
    assert.equal((await home.person('address')).address, made.wallet_address);
    assert.equal((await home.person('sign', '--message', 'hello')).address, made.wallet_address);
    assert.ok((await home.person('doctor')).checks.every((one) => one.state !== 'failed'));
    const { devices: [device] } = await home.person('device', 'list');
    assert.deepEqual([device.name, device.current], ['home', true]);
  });

  await test('an agent: pair, refused, approved, token, sign, status; an invite; a device', async () => {
    const asked = await box.agent('pair', '--label', 'agent-1', '--want', 'cap:sign-message', '--account', account, '--no-wait');
    const { requests } = await home.person('pair', 'list');
    assert.deepEqual(requests.map((one) => one.label), ['agent-1']);
    await home.person('pair', 'refuse', asked.pairing_code);
    const no = await box.run('agentkeys-daemon', ['pair', '--label', 'agent-1', '--resume', '--json']);
    assert.equal(no.status, 3, no.err);
    assert.match(no.err, /\n {2}cause: .+\n {2}next: {2}.+\n$/);
    const again = await box.agent('pair', '--label', 'agent-1', '--want', 'cap:sign-message', '--account', account, '--no-wait');
    const yes = await home.person('pair', 'approve', again.pairing_code, '--scope', 'cap:sign-message', '--rate', '20/min', '--valid-for', '30d', '--yes');
    assert.equal((await box.agent('pair', '--label', 'agent-1', '--resume')).address, yes.address);
    assert.match((await box.run('agentkeys-daemon', ['token', '--label', 'agent-1'])).out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    assert.equal((await box.agent('sign', '--label', 'agent-1', '--message', 'hello')).address, yes.address);
    assert.equal((await box.agent('status', '--label', 'agent-1')).path, '/agent-1/0');
    const { code } = await home.person('pair', 'invite', 'agent-2', '--scope', 'cap:sign-message', '--rate', '5/min', '--valid-for', '7d');
    fs.writeFileSync(path.join(box.dir, 'invite'), code, { mode: 0o600 });
    assert.equal((await box.agent('pair', '--label', 'agent-2', '--invite', 'invite', '--account', account)).path, '/agent-2/0');
    const joining = desk.run('agentkeys', ['device', 'add', '--account', account, '--name', 'desk', '--json']);
    const shown = await until('the code', () => /[A-Z2-9]{4}-[A-Z2-9]{4}/.exec(desk.got.out + desk.got.err)?.[0]);
    assert.equal((await home.person('pair', 'list', shown)).requests[0].kind, 'device');
    await home.fails(6, ['agentkeys', 'device', 'add', 'AAAA-AAAA', '--yes']);
    await home.person('device', 'add', shown, '--yes');
    assert.equal((await joining).status, 0, desk.got.err);
    assert.equal((await desk.person('whoami')).anchor, account);
    const { device } = (await home.person('device', 'list')).devices.find((one) => one.name === 'desk');
    const removed = await home.person('device', 'remove', device, '--yes');
    assert.ok(removed.ready_at || removed.status === 'waiting', JSON.stringify(removed));
    await desk.person('account', 'cancel', '--yes');
  });

  await test('agents: list, show, policy, suspend, resume, rotate, lineage, explain, decommission', async () => {
    assert.deepEqual((await home.person('agents', 'list')).agents.map((one) => one.label), ['agent-1', 'agent-2']);
    assert.equal((await home.person('agents', 'policy', 'agent-1', '--rate', '30/min')).status, 'active');
    assert.equal((await home.person('agents', 'show', 'agent-1')).rate, 30);
    assert.equal((await home.person('agents', 'suspend', 'agent-1')).status, 'suspended');
    await box.fails(3, ['agentkeys-daemon', 'sign', '--label', 'agent-1', '--message', 'x'], 'denied');
    assert.equal((await home.person('agents', 'resume', 'agent-1')).status, 'active');
    const rotated = await home.person('agents', 'rotate', 'agent-1');
    assert.equal(rotated.path, '/agent-1/1');
    assert.equal((await box.agent('sign', '--label', 'agent-1', '--message', 'new key')).address, rotated.address);
    const lineage = await home.person('lineage', 'agent-1');
    fs.writeFileSync(path.join(home.dir, 'lineage'), JSON.stringify(lineage));
    assert.equal((await home.run('agentkeys', ['lineage', '--verify', 'lineage'])).status, 0);
    fs.writeFileSync(path.join(home.dir, 'lineage'), JSON.stringify({ ...lineage, generation: 2 }));
    await home.fails(1, ['agentkeys', 'lineage', '--verify', 'lineage']);
    assert.equal((await home.person('explain', '--operation', 'sign-siwe', '--domain', 'a.example', '--path', '/agent-1')).rule, 'scope');
    // whose time is over is shown as that, though the record says active
    await home.person('agents', 'policy', 'agent-2', '--valid-for', '1s');
    await until('the end of agent-2', async () => /^status +expired$/m.test((await home.run('agentkeys', ['agents', 'show', 'agent-2'])).out));
    assert.match((await home.run('agentkeys', ['agents', 'list'])).out, /^agent-1 +active .*\nagent-2 +expired /);
    assert.equal((await home.person('agents', 'decommission', 'agent-2', '--yes')).status, 'decommissioned');
    await box.fails(3, ['agentkeys-daemon', 'sign', '--label', 'agent-2', '--message', 'x'], 'denied');
  });

  await test('each category of failure has its exit status, three lines and, with --json, its code', async () => {
    await home.fails(2, ['agentkeys', 'sign', '--message-hex', 'xyz']);
    assert.match((await home.fails(2, ['agentkeys', 'sign', '--message-file', '/nowhere'])).err, /cause: \/nowhere: there is no such file\n/);
    assert.match((await home.fails(2, ['agentkeys', 'sign', '--message-file', '/'])).err, /cause: \/: not a file/);
    await box.fails(3, ['agentkeys-daemon', 'sign', '--label', 'agent-1', '--message-hex', '00'.repeat(32)], 'denied');
    await box.fails(4, ['agentkeys-daemon', 'sign', '--label', 'agent-9', '--message', 'x']);
    let last = { status: 0 };
    for (let i = 0; i < 40 && last.status === 0; i++) last = await box.run('agentkeys-daemon', ['sign', '--label', 'agent-1', '--message', `burst ${i}`]);
    assert.equal(last.status, 5, last.err);
    assert.match(last.err, /next: {2}(try again in|wait) \d+ s\n$/);
    await home.fails(6, ['agentkeys', 'agents', 'show', 'nobody'], 'not_found');
    await home.fails(6, ['agentkeys', 'pair', 'approve', 'ABCD-EFGH', '--yes']);
    await home.person('agents', 'suspend', 'agent-1');
    await home.fails(7, ['agentkeys', 'agents', 'suspend', 'agent-1'], 'already_done');
    await home.fails(7, ['agentkeys', 'agents', 'resume', 'agent-2']);
    const nowhere = new Terminal(`http://127.0.0.1:${await freePort()}/tee`, { operator: worker.operator });
    nowhere.env.AGENTKEYS_STATE_DIR = home.env.AGENTKEYS_STATE_DIR;
    const gone = await nowhere.fails(8, ['agentkeys', 'agents', 'list'], 'unreachable');
    assert.match(gone.err, /next: {2}agentkeys up\n$/);
    fs.chmodSync(path.join(home.env.AGENTKEYS_STATE_DIR, 'default'), 0o755);
    await home.fails(1, ['agentkeys', 'whoami']);
    fs.chmodSync(path.join(home.env.AGENTKEYS_STATE_DIR, 'default'), 0o700);
    await home.person('whoami');
    const far = new Terminal('https://192.0.2.1:8092/tee');
    await far.fails(4, ['agentkeys', 'status']);
  });

  await test('the audit: list, show, export, verify, proof; a cut or altered export is refused', async () => {
    const { entries } = await home.person('audit', 'list');
    const index = entries.find((one) => one.type === 'MessageSigned').index;
    assert.equal((await home.person('audit', 'show', String(index))).type, 'MessageSigned');
    assert.equal((await home.person('audit', 'proof', String(index))).index, index);
    assert.equal((await home.run('agentkeys', ['audit', 'export', 'account.jsonl'])).status, 0);
    exported = fs.readFileSync(path.join(home.dir, 'account.jsonl'), 'utf8');
    await home.person('audit', 'verify', 'account.jsonl');
    // what is no file is written to and stays what it is
    fs.symlinkSync('/dev/full', path.join(home.dir, 'full'));
    assert.match((await home.fails(1, ['agentkeys', 'audit', 'export', 'full'])).err, /No space left/);
    assert.ok(fs.lstatSync(path.join(home.dir, 'full')).isSymbolicLink());
    execFileSync('mkfifo', [path.join(home.dir, 'pipe')]);
    const [piped, read] = await Promise.all([home.run('agentkeys', ['audit', 'export', 'pipe']), fs.promises.readFile(path.join(home.dir, 'pipe'), 'utf8')]);
    assert.equal(piped.status, 0);
    assert.ok(read.startsWith('{"format":"agentkeys-ledger-export/1"') && read.endsWith('}\n'));
    assert.ok(fs.statSync(path.join(home.dir, 'pipe')).isFIFO());
    // a name with a blank can be typed as it is shown
    assert.match((await home.run('agentkeys', ['audit', 'export', 'of mine.jsonl'])).out, /Next: agentkeys audit verify 'of mine.jsonl'/);
    for (const bad of [exported.split('\n').slice(0, -2).join('\n'), exported.replace(/("entry":"[0-9a-f]{60})(.)/, (_, head, one) => head + (one === '0' ? '1' : '0'))]) {
      fs.writeFileSync(path.join(home.dir, 'bad.jsonl'), bad);
      assert.notEqual((await home.run('agentkeys', ['audit', 'verify', 'bad.jsonl'])).status, 0);
    }
  });

  await test('a stranger recomputes the record: entries, answers, signatures, what was approved', async () => {
    const record = makeRecord([fs.readFileSync(trace, 'utf8')], exported, 'email:alice@demo.example');
    const text = JSON.stringify(record);
    for (const secret of [/"(session_jwt|agent_token|pairing_code|code)":"(?!<redacted>)/, /[A-Z2-9]{4}-[A-Z2-9]{4}"/, /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+"(?!,"status":2)/]) assert.doesNotMatch(text, secret);
    const found = await checkRecord(record);
    assert.ok(found.answers > 10 && found.signatures > 10 && found.approvals > 6 && found.refusals > 3 && found.releases > 1, JSON.stringify(found));
    // whatever is altered, it does not fit any more
    const find = (test) => structuredClone(record.calls.findIndex(test));
    const signed = find((one) => one.path.endsWith('/sign-message') && one.status === 200);
    const approved = find((one) => one.path === '/v1/pair/approve' && one.status === 200);
    const alter = {
      'a signature': (r) => { r.calls[signed].answer.signature = r.calls[signed + 1].answer.signature ?? `0x${'11'.repeat(65)}`; },
      'a message': (r) => { r.calls[signed].request.message_hex += '21'; },
      'an address': (r) => { r.calls[signed].answer.address = `0x${'22'.repeat(20)}`; },
      'a request id': (r) => { r.calls[signed].request_id = '0'.repeat(32); },
      'an entry': (r) => { r.calls[signed].answer.entry.leaf_hash = '0'.repeat(64); },
      'what was approved': (r) => { r.calls[approved].request.rate = 21; },
      'who approved': (r) => { r.calls[approved].proof = new Device().proof({ method: 'POST', url: 'http://a/v1/pair/approve' }); },
      'the checkpoint': (r) => { r.checkpoint = r.checkpoint.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) + 1}\n`); },
      'the ledger key': (r) => { r.ledger_key = hex(sha256('another')); },
      'whose account it is': (r) => { r.identity = 'email:alicf@demo.example'; },
      'a missing entry': (r) => { r.ledger.splice(5, 1); },
      'an entry\'s bytes': (r) => { r.ledger[4].entry = r.ledger[4].entry.replace(/.$/, (one) => (one === '0' ? '1' : '0')); },
    };
    for (const [name, change] of Object.entries(alter)) {
      const altered = structuredClone(record);
      change(altered);
      await assert.rejects(checkRecord(altered), undefined, name);
    }
  });

  await test("TLS: the worker's key is fixed at the first meeting, and nothing is said to another one", async () => {
    assert.equal(await worker.stop(), 0);
    const secure = await Worker.start({ args: ['--tls', 'on'] });
    const pin = await new Promise((resolve) => {
      const socket = tls.connect({ host: '127.0.0.1', port: secure.port, rejectUnauthorized: false }, () => {
        resolve(hex(sha256(socket.getPeerX509Certificate().publicKey.export({ type: 'spki', format: 'der' }))));
        socket.destroy();
      });
    });
    const url = `https://127.0.0.1:${secure.port}/tee`;
    const first = new Terminal(url, { operator: secure.operator });
    const met = path.join(first.env.AGENTKEYS_STATE_DIR, 'default/worker.pin');
    const unknown = await first.fails(2, ['agentkeys', 'init', '--local', 'email:alice@demo.example']); // nobody there to compare
    assert.ok(!fs.existsSync(met));
    assert.match(unknown.err, new RegExp(pin));
    const told = await first.run('agentkeys', ['init', '--local', 'email:alice@demo.example', '--yes', '--json']);
    assert.equal(told.status, 0, told.err);
    assert.equal(fs.readFileSync(met, 'utf8').trim(), pin);
    await first.person('whoami');
    const given = new Terminal(url, { operator: secure.operator, env: { AGENTKEYS_WORKER_PIN: pin } });
    await given.person('init', '--local', 'email:bob@demo.example');
    given.env.AGENTKEYS_WORKER_PIN = hex(unhex(pin).map((byte, at) => (at ? byte : byte ^ 1)));
    await given.fails(4, ['agentkeys', 'agents', 'list'], 'not_the_worker');
    const { port } = secure;
    assert.equal(await secure.stop(), 0);
    const { heard } = await stranger(port);
    const refused = await first.fails(4, ['agentkeys', 'agents', 'list'], 'not_the_worker');
    assert.match(refused.err, /next: {2}agentkeys doctor/);
    assert.equal(Buffer.concat(heard).length, 0, 'something was said to a stranger');
  });
});
