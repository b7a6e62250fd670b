#!/usr/bin/env node
// Clients that demand evidence: nothing but the question for it leaves before it was verified, on no connection; relays,
// other keys, other claims are refused; what was demanded once is demanded always.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { certificate } from '../e2e/lib/attest.mjs';
import { hex, sha256 } from '../e2e/lib/bytes.mjs';
import { assert, atEnd, main, skip, test } from '../e2e/lib/check.mjs';
import { build, tempDir, Worker } from '../e2e/lib/worker.mjs';
import { Chip, missing } from './chip.mjs';
import { X509Certificate } from 'node:crypto';

const reason = missing();

// A person or an agent: a folder, settings, programs.
class Party {
  constructor(worker, url = worker.url) {
    this.dir = tempDir();
    this.env = { PATH: process.env.PATH, HOME: this.dir, AGENTKEYS_STATE_DIR: path.join(this.dir, 'state'), AGENTKEYS_SIGNER_URL: `${url}/tee`,
      AGENTKEYS_OPERATOR_SOCKET: worker.operator, AGENTKEYS_EVIDENCE: 'required' };
  }

  // Not spawnSync: proxies of this process have to run meanwhile.
  run(program, args, env = {}, input = '') {
    return new Promise((resolve) => {
      const child = spawn(path.join(build, 'src/programs', program === 'agentkeys' ? 'cli' : 'daemon', program), args, { env: { ...this.env, ...env } });
      let [out, err] = ['', ''];
      child.stdout.on('data', (part) => (out += part));
      child.stderr.on('data', (part) => (err += part));
      child.on('exit', (status) => resolve({ status, out, err, text: out + err }));
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    });
  }

  cli(...args) {
    return this.run('agentkeys', args);
  }

  daemon(...args) {
    return this.run('agentkeys-daemon', args);
  }

  // The same through another address.
  at(port, args, env = {}) {
    return this.run('agentkeys', args, { AGENTKEYS_SIGNER_URL: `https://127.0.0.1:${port}/tee`, ...env });
  }

  file(name) {
    return path.join(this.dir, 'state/default', name);
  }

  // With the file changed for the time of `act`.
  async altered(name, change, act) {
    const kept = fs.readFileSync(this.file(name), 'utf8');
    fs.writeFileSync(this.file(name), change(kept));
    try {
      return await act();
    } finally {
      fs.writeFileSync(this.file(name), kept);
    }
  }
}

const flip = (text) => (text[0] === '0' ? '1' : '0') + text.slice(1);

function listen(server) {
  atEnd(() => server.close());
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

// The end of one is the end of both.
function join(...sockets) {
  for (const [one, other] of [sockets, sockets.toReversed()]) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}

// Ends TLS by a key of its own and passes everything on over a connection of its own; keeps what it heard.
function relay(port, identity, heard) {
  return tls.createServer({ ...identity, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' }, (client) => {
    const up = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    client.on('data', (bytes) => {
      heard.push(bytes.toString('latin1').split('\r\n')[0]);
      up.write(bytes);
    });
    up.on('data', (bytes) => client.write(bytes));
    join(client, up);
  });
}

// The worker's public address: passes bytes on. With a plan, `cut` flights of the worker's (handshake, evidence, answer,
// ...) later the first connection is closed, and the next ones go to `then`.
class Front {
  static async open() {
    const front = new Front();
    front.server = net.createServer((client) => front.take(client));
    front.port = await listen(front.server);
    front.url = `https://127.0.0.1:${front.port}`;
    front.plan();
    return front;
  }

  plan(cut = Infinity, then = undefined) {
    Object.assign(this, { cut, then, count: 0 });
  }

  take(client) {
    const first = this.count++ === 0;
    const up = net.connect(first ? this.worker : this.then ?? this.worker, '127.0.0.1');
    let flights = 0;
    let turn = 'client';
    client.on('data', (bytes) => {
      turn = 'client';
      up.write(bytes);
    });
    up.on('data', (bytes) => {
      if (turn === 'client') flights++;
      turn = 'worker';
      if (first && flights >= this.cut) client.end(bytes);
      else client.write(bytes);
    });
    join(client, up);
  }
}

await main(async () => {
  if (reason) {
    await test('clients that demand evidence', () => skip(reason));
    return;
  }
  const chip = await Chip.start();
  const front = await Front.open();
  const worker = new Worker({ env: chip.env(), args: ['--tls', 'on', '--public-url', front.url] });
  worker.init();
  const told = worker.command(['evidence', '00'.repeat(64), tempDir(), '--data-dir', worker.dataDir, '--public-url', front.url]);
  const said = told.stdout.trim().split('\n');
  assert.equal(said.length, 6, told.stderr);
  await worker.start();
  front.worker = worker.port;
  const alice = new Party(worker, front.url);
  const identity = certificate();
  const proxyPin = hex(sha256(new X509Certificate(identity.cert).publicKey.export({ type: 'spki', format: 'der' })));

  await test('a first meeting is compared, and shows what to compare', async () => {
    const early = await alice.cli('status');
    assert.equal(early.status, 4, early.text);
    assert.match((await alice.cli('doctor')).text, /TLS key or evidence is not fixed/);
    const met = await alice.cli('init', '--local', 'email:alice@demo.example', '--yes');
    assert.equal(met.status, 0, met.text);
    for (const row of ['attestation key', 'pcr23', 'config', 'ledger key', 'not promised']) assert.match(met.err, new RegExp(`^${row}  `, 'm'));
    // The operator says the same, on the machine: before the worker serves.
    for (const row of said) assert.ok(met.err.includes(row), row);
    for (const name of ['worker.pin', 'evidence.json', 'config.pin', 'ledger.pin']) assert.ok(fs.existsSync(alice.file(name)), name);
  });

  await test('attest says what holds, and what does not', async () => {
    const { status, out } = await alice.cli('attest');
    assert.equal(status, 0);
    assert.match(out, /^verdict {11}accepted$/m);
    assert.match(out, /^not promised {6}memory: who runs the machine can read the worker's keys$/m);
    assert.match((await alice.cli('doctor')).text, /required: checked on each connection/);
    const { claims } = JSON.parse((await alice.cli('attest', '--json')).out);
    const { capabilities_not_held: lacking } = await (await fetchReady(worker)).json;
    for (const cap of claims.caps) assert.ok(!lacking.includes(cap), cap);
    assert.equal(claims.caps.length + lacking.length, 7);
  });

  await test('the contract over attested connections: store, pair, sign, read', async () => {
    const stored = await alice.run('agentkeys', ['store', 'openrouter'], {}, 'sk-or-planted');
    assert.equal(stored.status, 0, stored.text);
    assert.ok(!fs.existsSync(alice.file('delivery.pin'))); // the key is the evidence's
    const invite = await alice.cli('pair', 'invite', 'bot', '--scope', 'openrouter,cap:sign-message', '--yes', '--json');
    assert.equal(invite.status, 0, invite.text);
    const { code } = JSON.parse(invite.out);
    const { anchor } = JSON.parse((await alice.cli('whoami', '--json')).out);
    const agent = new Party(worker, front.url);
    const file = path.join(agent.dir, 'invite');
    fs.writeFileSync(file, code, { mode: 0o600 });
    const paired = await agent.daemon('pair', '--label', 'bot', '--invite', file, '--account', anchor, '--yes');
    assert.equal(paired.status, 0, paired.text);
    assert.equal((await agent.daemon('sign', '--message', 'hello')).status, 0);
    const read = await agent.daemon('read', 'openrouter');
    assert.equal(read.out.trim(), 'sk-or-planted', read.text);
  });

  await test('a relay by its own key: by the pin, and where that is passed, by the binding; it hears the question alone', async () => {
    const heard = [];
    const port = await listen(relay(worker.port, identity, heard));
    const pinned = await alice.at(port, ['status']);
    assert.equal(pinned.status, 4, pinned.text);
    assert.equal(heard.length, 0);
    for (const command of [['status'], ['audit', 'export', '-'], ['pair', 'list']]) {
      const passed = await alice.at(port, command, { AGENTKEYS_WORKER_PIN: proxyPin });
      assert.equal(passed.status, 4, passed.text);
      assert.match(passed.text, /evidence is refused: binding/);
    }
    const verdict = await alice.at(port, ['attest'], { AGENTKEYS_WORKER_PIN: proxyPin });
    assert.equal(verdict.status, 3, verdict.text);
    assert.match(verdict.out, /^failed {12}binding: /m);
    assert.match(verdict.out, /^ {2}what to do {6}do not use this connection/m);
    assert.ok(heard.length >= 4);
    for (const line of heard) assert.match(line, /^GET \/tee\/attestation\?nonce=[0-9a-f]{64} HTTP\/1.1$/);
  });

  await test('a connection that is lost: the next one is attested anew, and a relay behind it hears the question alone', async () => {
    const asked = async () => Object.entries(await worker.metrics()).filter(([name]) => name.includes('"attestation"')).reduce((sum, [, count]) => sum + count, 0);
    const before = await asked();
    front.plan(3);
    const again = await alice.cli('audit', 'export', '-');
    assert.equal(again.status, 0, again.text);
    // libcurl's silent second one was stopped before a byte of a request left on it; the third was attested first.
    assert.equal(front.count, 3);
    assert.equal(await asked() - before, 2);
    const heard = [];
    front.plan(3, await listen(relay(worker.port, identity, heard)));
    const caught = await alice.run('agentkeys', ['audit', 'export', '-'], { AGENTKEYS_WORKER_PIN: '' });
    const { count } = front;
    front.plan();
    assert.ok(count >= 2, `${count} connections`);
    assert.equal(caught.status, 4, caught.text);
    for (const line of heard) assert.match(line, /^GET \/tee\/attestation\?/);
  });

  await test('other claims than the pinned ones, another machine', async () => {
    for (const [name, check] of [['config.pin', 'config'], ['ledger.pin', 'ledger']]) {
      const { status, text } = await alice.altered(name, flip, () => alice.cli('status'));
      assert.equal(status, 4, text);
      assert.match(text, new RegExp(`evidence is refused: ${check}`));
    }
    const key = /"ak_names":\["000b/;
    const other = await alice.altered('evidence.json', (text) => text.replace(key, (at) => `${at}${flip(text.slice(text.search(key) + at.length)[0])}`).replace(/(000b.)./, '$1'),
      () => alice.cli('attest'));
    assert.equal(other.status, 3, other.text);
    assert.match(other.out, /^failed {12}evidence: /m);
    const behind = await alice.altered('evidence.json', (text) => text.replace(/"min_counter":\d+/, '"min_counter":1000000'), () => alice.cli('attest'));
    assert.match(behind.out, /^failed {12}counter: /m);
    const seen = BigInt(`0x${fs.readFileSync(alice.file('counter.pin'), 'utf8')}`);
    const ahead = (by) => alice.altered('counter.pin', () => (seen + by).toString(16).padStart(16, '0'), () => alice.cli('attest'));
    const turned = await ahead(1000n); // as if it had seen more than this worker has
    assert.equal(turned.status, 3, turned.text);
    assert.match(turned.out, /^failed {12}counter: /m);
    assert.match(turned.out, /the counter is \d+ and must be at least/);
    const torn = await alice.altered('counter.pin', () => '12', () => alice.cli('status'));
    assert.notEqual(torn.status, 0);
    const damaged = await alice.altered('evidence.json', () => '{', () => alice.cli('status'));
    assert.notEqual(damaged.status, 0);
    assert.equal((await alice.cli('status')).status, 0);
  });

  await test('required once, required always; and only over TLS', async () => {
    const less = await alice.run('agentkeys', ['whoami'], { AGENTKEYS_EVIDENCE: 'none' });
    const status = await alice.run('agentkeys', ['status'], { AGENTKEYS_EVIDENCE: 'none' });
    assert.equal(status.status, 4, status.text);
    assert.match(status.text, /evidence = required, and that is not taken back/);
    assert.ok(less.status !== 0 || !/GET/.test(less.text));
    const plain = await alice.run('agentkeys', ['status'], { AGENTKEYS_SIGNER_URL: `unix:${worker.socket}` });
    assert.equal(plain.status, 4, plain.text);
    assert.match(plain.text, /evidence is bound to a TLS connection/);
  });

  await test('a worker without evidence is no substitute', async () => {
    const software = await Worker.start({ args: ['--tls', 'on'] });
    const bob = new Party(software);
    const met = await bob.cli('init', '--local', 'email:bob@demo.example', '--yes');
    assert.notEqual(met.status, 0);
    assert.match(met.text, /no attestation evidence/);
    assert.ok(!fs.existsSync(bob.file('evidence.json')));
  });

  await test('the least counter that is taken rises with what was seen', async () => {
    const kept = () => BigInt(`0x${fs.readFileSync(alice.file('counter.pin'), 'utf8')}`);
    assert.equal((await alice.cli('status')).status, 0);
    const before = kept();
    const enrolled = BigInt(/"min_counter":(\d+)/.exec(fs.readFileSync(alice.file('evidence.json'), 'utf8'))[1]);
    assert.ok(before > enrolled, `${before} ${enrolled}`);
    await worker.kill();
    await worker.start(); // two steps of the counter at least
    front.worker = worker.port;
    assert.equal((await alice.cli('status')).status, 0);
    assert.ok(kept() >= before + 2n);
  });

  await test('after a wanted change: refused, then compared anew', async () => {
    assert.equal(await worker.stop(), 0);
    const changed = await alice.altered('evidence.json', (text) => text.replace(/("pcr4":")./, (at, head) => head + flip(at.slice(-1))), async () => {
      await worker.start();
      front.worker = worker.port;
      const refused = await alice.cli('status');
      assert.equal(refused.status, 4, refused.text);
      const anew = await alice.cli('attest', '--enrol', '--yes');
      assert.equal(anew.status, 0, anew.text);
      return alice.cli('status');
    });
    assert.equal(changed.status, 0, changed.text);
  });

  assert.equal(await worker.stop(), 0);
});

async function fetchReady(worker) {
  const { Connection } = await import('../e2e/lib/http.mjs');
  const connection = new Connection(worker.url);
  const answer = await connection.request('GET', '/readyz');
  connection.close();
  return { json: answer.body };
}
