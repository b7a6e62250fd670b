#!/usr/bin/env node
// The vault from outside: an independent client with its own HPKE, the programs, hostile requests, and memory in which a
// value must not be (I1, I2, I4, I8, I15, I19).
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { assert, main, skip, test, until } from './lib/check.mjs';
import { b64u, hex, unb64u } from './lib/bytes.mjs';
import { newKey, open, privateKey, pskOf, rawPublic, seal } from './lib/hpke.mjs';
import { assertValue, deliveryKey, destroy, epochs, infoOf, put, read, readerOf, readLater, rotate, sealed } from './lib/vault.mjs';
import { build, tempDir, Worker } from './lib/worker.mjs';

const texts = (name, text) => [[name, Buffer.from(text)]];
const hits = (bytes, needles) => needles.filter(([, needle]) => bytes.includes(needle)).map(([name]) => name);

// Every readable page of a process; what the kernel keeps for itself is left out.
function searchMemory(pid, needles) {
  const found = new Set();
  let total = 0;
  let mem;
  try {
    mem = fs.openSync(`/proc/${pid}/mem`, 'r');
  } catch (error) {
    skip(`memory cannot be read here: ${error.code}`);
  }
  for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line);
    if (!range || line.includes('[vvar') || line.includes('[vsyscall]')) continue;
    const [from, to] = [parseInt(range[1], 16), parseInt(range[2], 16)];
    for (let at = from; at < to; at += 1 << 24) {
      const part = Buffer.alloc(Math.min(to - at, (1 << 24) + 128));
      try {
        const got = fs.readSync(mem, part, 0, part.length, at);
        total += got;
        for (const name of hits(part.subarray(0, got), needles)) found.add(name);
      } catch {
        continue;
      }
    }
  }
  fs.closeSync(mem);
  return { found: [...found], total };
}

const formsOf = (name, text) => [...texts(name, text), ...texts(`${name}, hex`, hex(text)), ...texts(`${name}, base64`, Buffer.from(text).toString('base64').replace(/=*$/, ''))];

// Stands between a client and the worker, as a broken gateway would; `alter` may change an answer's body, `aim` what is
// asked for.
function between(worker, alter, aim = (url) => url) {
  const socketPath = path.join(tempDir(), 'between.sock');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const server = http.createServer((asked, answer) => {
    const onward = http.request({ socketPath: worker.socket, agent, method: asked.method, path: aim(asked.url), headers: asked.headers }, (got) => {
      const parts = [];
      got.on('data', (part) => parts.push(part));
      got.on('end', () => {
        const body = got.statusCode === 200 ? Buffer.from(alter(asked, Buffer.concat(parts))) : Buffer.concat(parts);
        answer.writeHead(got.statusCode, { ...got.headers, 'content-length': body.length });
        answer.end(body);
      });
    });
    asked.pipe(onward);
  });
  return new Promise((resolve) => server.listen(socketPath, () => resolve({
    url: `unix:${socketPath}`,
    close: () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  })));
}

// The programs of a person and an agent, each with a state folder of its own.
class Programs {
  constructor(worker) {
    this.dir = tempDir();
    this.env = { ...worker.env, AGENTKEYS_SIGNER_URL: `${worker.url}/tee`, AGENTKEYS_OPERATOR_SOCKET: worker.operator, AGENTKEYS_EVIDENCE: 'none' };
  }

  env_of(who) {
    return { ...this.env, AGENTKEYS_STATE_DIR: path.join(this.dir, who) };
  }

  file(who, program) {
    return path.join(build, `src/programs/${program === 'agentkeys' ? 'cli' : 'daemon'}`, program);
  }

  run(who, args, input = '', more = {}) {
    const program = who === 'person' ? 'agentkeys' : 'agentkeys-daemon';
    return spawnSync(this.file(who, program), args, { env: { ...this.env_of(who), ...more }, input, maxBuffer: 1 << 24, timeout: 60000 });
  }

  must(who, args, input, more) {
    const got = this.run(who, args, input, more);
    assert.equal(got.status, 0, `${args.join(' ')}: ${got.stderr}`);
    return got.stdout;
  }
}

await main(async () => {
  const worker = await Worker.start({ args: ['--log-level', 'debug'] });
  const alice = await worker.owner();
  const bob = await worker.owner('email:bob@demo.example');
  const agent = await worker.agent(alice, 'agent-1', { scope: ['openrouter', 'wide', 'cap:sign-message'] });

  await test('a value of any bytes and length comes back as it was', async () => {
    const values = [Buffer.alloc(0), Buffer.from([0]), Buffer.from('sk-or-v1-0123'), randomBytes(1024), Buffer.alloc(65535, 1), randomBytes(65536)];
    for (const [i, value] of values.entries()) {
      const answer = await put(alice, 'openrouter', value);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.body.version, i + 1);
      assertValue(await read(alice, 'openrouter'), value);
      assertValue(await read(agent, 'openrouter'), value);
    }
  });

  await test('65537 bytes are refused, by the field and by the body', async () => {
    const long = await sealed(alice, 'openrouter', Buffer.alloc(65537));
    assert.equal((await alice.call('credential-put', long)).error, 'invalid_request');
    const body = Buffer.from(`{"enc":"${long.enc}","sealed":"${'A'.repeat(98304)}"}`);
    const answer = await worker.again(alice).call('credential-put', long, { body });
    assert.equal(`${answer.status} ${answer.error}`, '413 too_large');
    const other = await worker.again(alice).call('service-define', { service: 'x', hosts: ['a.example'], methods: ['GET'], path_prefixes: ['/'], inject: 'header', template: 'x' }, { body: Buffer.alloc(65537, 0x20) });
    assert.equal(`${other.status} ${other.error}`, '413 too_large');
  });

  await test('each answer is sealed anew, to the key of its request and to nothing else', async () => {
    const key = readerOf(alice);
    const asked = { service: 'openrouter', key: alice.readerKey };
    const [one, two] = [await alice.must('credential-read', asked), await alice.must('credential-read', asked)];
    assert.notEqual(one.enc, two.enc);
    const psk = pskOf(key, await deliveryKey(alice));
    const opened = (info, k = key, more = { psk }) => open(k, unb64u(one.enc), info, unb64u(one.sealed), more);
    assert.equal(opened(infoOf('credential-read', alice.account, 'openrouter')).length, 65536);
    assert.throws(() => opened(infoOf('credential-put', alice.account, 'openrouter')));
    assert.throws(() => opened(infoOf('credential-read', bob.account, 'openrouter')));
    assert.throws(() => opened(infoOf('credential-read', alice.account, 'openroute')));
    assert.throws(() => opened(infoOf('credential-read', alice.account, 'openrouter', '/agent-1')));
    assert.throws(() => opened(infoOf('credential-read', alice.account, 'openrouter'), newKey()));
    assert.throws(() => opened(infoOf('credential-read', alice.account, 'openrouter'), key, {})); // mode base
  });

  await test('a value sealed for another service, path, account or call is not stored', async () => {
    const key = unb64u((await alice.must('delivery-key')).public_key);
    const infos = {
      service: infoOf('credential-put', alice.account, 'other'), path: infoOf('credential-put', alice.account, 'wide', '/agent-1'),
      account: infoOf('credential-put', bob.account, 'wide'), call: infoOf('credential-read', alice.account, 'wide'), nothing: Buffer.alloc(0),
    };
    for (const [name, info] of Object.entries(infos)) {
      const box = seal(key, info, Buffer.from('x'));
      const answer = await alice.call('credential-put', { service: 'wide', enc: b64u(box.enc), sealed: b64u(box.sealed) });
      assert.equal(answer.status, 400, `${name}: ${answer.text}`);
    }
    const good = await sealed(alice, 'wide', 'x');
    for (const at of [0, 16]) {
      const bytes = Buffer.from(unb64u(good.sealed));
      bytes[at] ^= 1;
      assert.equal((await alice.call('credential-put', { ...good, sealed: b64u(bytes) })).status, 400);
    }
    assert.equal((await alice.call('credential-put', { ...good, enc: b64u(Buffer.alloc(32)) })).status, 400);
    assert.equal((await read(alice, 'wide')).status, 404);
    // what the device signed is what is stored (I15): another sealed value under the same proof
    const swapped = await alice.call('credential-put', good, { body: { enc: good.enc, sealed: (await sealed(alice, 'wide', 'y')).sealed } });
    assert.equal(swapped.error, 'bad_signature');
  });

  await test('an agent reads what is in its scope and is told the rule otherwise; another account finds nothing', async () => {
    await put(alice, 'github', 'ghp');
    const refused = await read(agent, 'github');
    assert.equal(`${refused.status} ${refused.error} ${refused.body.denial.rule}`, '403 denied scope');
    assert.match(refused.body.denial.remedy, /\+github/);
    assert.equal((await read(bob, 'openrouter')).status, 404);
    assert.equal((await put(agent, 'openrouter', 'x')).status, 401);
    assert.deepEqual((await agent.must('credential-list')).credentials.map((one) => one.service), ['openrouter']);
    assert.deepEqual((await bob.must('credential-list')).credentials, []);
    const [listed] = (await alice.must('credential-list')).credentials.filter((one) => one.service === 'openrouter');
    assert.equal(listed.size, 65536);
    assert.equal(listed.versions, 3);
    assert.ok(!JSON.stringify(await alice.must('credential-list')).includes('ghp'));
  });

  await test('an agent has its own before the account\'s', async () => {
    await put(alice, 'wide', 'for all');
    assertValue(await read(agent, 'wide'), 'for all');
    await put(alice, 'wide', 'for one', '/agent-1');
    assertValue(await read(agent, 'wide'), 'for one');
    assertValue(await read(alice, 'wide'), 'for all');
    assertValue(await read(alice, 'wide', { path: '/agent-1' }), 'for one');
    await alice.must('credential-delete', { service: 'wide', path: '/agent-1' });
    assertValue(await read(agent, 'wide'), 'for all');
  });

  await test('a value goes to the key that the proof named, and to no other', async () => {
    const one = worker.again(alice);
    const [key, other] = [newKey(), newKey()].map((own) => b64u(rawPublic(own)));
    const ask = (to, facts = {}, more = {}) => one.call('credential-read', { service: 'openrouter', key: to }, { facts, ...more });
    const before = (await alice.must('audit', { type: 'CredsRead' })).entries.length;
    assert.equal((await ask(key)).error, 'bad_signature'); // a proof without a key
    assert.match((await ask(key)).body.message, /ak_rk/);
    assert.equal((await ask(key, { rk: other })).error, 'bad_signature');
    assert.equal((await ask(key, { rk: key }, { proof: '' })).error, 'proof_required'); // nor does its connection have one
    assert.equal((await alice.must('audit', { type: 'CredsRead' })).entries.length, before);
    assert.equal((await ask(key, { rk: key })).status, 200);
    assert.equal((await ask(key, {}, { proof: '' })).status, 200); // once a connection
    const refused = await ask(other, {}, { proof: '' });
    assert.equal(refused.error, 'proof_required');
    assert.match(refused.body.message, /ak_rk/);
    assert.equal((await one.call('agent-suspend', { label: 'agent-1' }, { facts: { rk: key } })).error, 'bad_signature');
    one.close();
  });

  await test('hostile names and numbers are refused', async () => {
    readerOf(alice);
    const key = alice.readerKey;
    for (const service of ['..', '%2e%2e', 'A', '-a', 'a%2fb', 'a_b', 'a%00', 'cap:x', 'a'.repeat(64), '%20', 'a%0a']) {
      const answer = await alice.call('credential-read', { service, key });
      assert.ok([400, 403, 404].includes(answer.status), `${service}: ${answer.status}`);
      assert.ok((await alice.call('credential-put', { ...(await sealed(alice, 'a', 'x')), service })).status >= 400, service);
    }
    for (const bad of ['', 'A', b64u(Buffer.alloc(31)), b64u(Buffer.alloc(33)), `${key}=`]) assert.equal((await alice.call('credential-read', { service: 'openrouter', key: bad })).status, 400, bad);
    const weak = b64u(Buffer.alloc(32));
    const zero = await alice.call('credential-read', { service: 'openrouter', key: weak }, { fresh: true, facts: { rk: weak } });
    assert.equal(zero.error, 'invalid_request', 'a key of small order');
    for (const version of [0, -1, 99, 'x']) assert.ok((await alice.call('credential-read', { service: 'openrouter', key, version })).status >= 400, String(version));
    for (const epoch of [0, 99, 100000000, 'x']) assert.ok((await alice.call('epoch-destroy', { epoch })).status >= 400, String(epoch));
    assert.equal((await worker.health()), 'ready');
  });

  await test('the last three values are kept, and one comes back', async () => {
    for (const value of ['one', 'two', 'three', 'four']) await put(alice, 'kept', value);
    assertValue(await read(alice, 'kept', { version: 2 }), 'two');
    assert.equal((await read(alice, 'kept', { version: 1 })).status, 404);
    const back = await alice.must('credential-rollback', { service: 'kept', version: 2 });
    assert.equal(back.version, 5);
    assertValue(await read(alice, 'kept'), 'two');
  });

  await test('an epoch is rotated, swept and destroyed, and nothing live is lost', async () => {
    const [first] = await epochs(alice);
    assert.equal((await rotate(alice)).status, 200);
    assert.equal((await rotate(alice)).error, 'epoch_busy');
    assert.equal((await put(alice, 'kept', 'new')).body.epoch, first.epoch + 1);
    await until('the sweep', async () => (await epochs(alice)).find((one) => one.epoch === first.epoch).blobs === 0);
    assert.equal((await destroy(alice, first.epoch + 1)).error, 'epoch_busy');
    const gone = await destroy(alice, first.epoch);
    assert.ok(gone.status === 200 || gone.error === 'already_done', gone.text);
    assert.equal((await epochs(alice)).find((one) => one.epoch === first.epoch).state, 'destroyed');
    assertValue(await read(alice, 'kept'), 'new');
    assertValue(await read(agent, 'wide'), 'for all');
    const mine = (epoch) => fs.readdirSync(path.join(worker.dataDir, 'blobs'), { recursive: true })
      .filter((name) => name.startsWith(alice.session.wallet_address.slice(2).toLowerCase()) && name.split(path.sep)[2] === String(epoch).padStart(8, '0'));
    assert.ok(mine(first.epoch + 1).length > 0);
    const went = (epoch) => {
      try {
        return mine(epoch).every((name) => !name.endsWith('.enc'));
      } catch (error) {
        assert.equal(error.code, 'ENOENT'); // a folder that went while it was listed
        return false;
      }
    };
    await until('the old files to go', () => went(first.epoch), 20000);
  });

  // ---- the programs ----
  const programs = new Programs(worker);
  const secret = `planted-value-${hex(randomBytes(12))}`;
  programs.must('person', ['init', '--local', 'email:carol@demo.example']);

  await test('agentkeys stores from standard input and from a file, and prints only when asked', async () => {
    programs.must('person', ['store', 'openrouter'], secret);
    assert.equal(programs.must('person', ['read', 'openrouter', '--reveal']).toString(), secret);
    const json = JSON.parse(programs.must('person', ['read', 'openrouter', '--reveal', '--json']));
    assert.equal(unb64u(json.value_base64url).toString(), secret);
    const shy = programs.run('person', ['read', 'openrouter']);
    assert.equal(shy.status, 2);
    assert.ok(!shy.stdout.includes(secret) && !shy.stderr.includes(secret));
    assert.ok(!programs.must('person', ['credentials', 'list']).includes(secret));
    const file = path.join(programs.dir, 'value');
    fs.writeFileSync(file, Buffer.from([0, 255, 10]));
    programs.must('person', ['store', 'bytes', '--file', file]);
    assert.deepEqual(programs.must('person', ['read', 'bytes', '--reveal']), Buffer.from([0, 255, 10]));
    const long = programs.run('person', ['store', 'long'], Buffer.alloc(65537));
    assert.match(long.stderr.toString(), /at most 65536 bytes/);
    assert.equal(programs.run('person', ['store', 'openrouter', secret]).status, 2); // a value as an argument is no usage
  });

  await test('run gives the value to the child\'s environment and keeps nothing', async () => {
    const env = programs.must('person', ['run', '--env', 'KEY=openrouter', '--', 'sh', '-c', 'printf %s "$KEY"']);
    assert.equal(env.toString(), secret);
    assert.equal(programs.run('person', ['run', '--env', 'KEY=openrouter', '--', 'sh', '-c', 'exit 7']).status, 7);
    assert.match(programs.run('person', ['run', '--env', 'KEY=bytes', '--', 'true']).stderr.toString(), /NUL byte/);
    for (const bad of ['KEY', '1=openrouter', 'K=..', 'K=a,K=b']) assert.equal(programs.run('person', ['run', '--env', bad, '--', 'true']).status, 2, bad);
    // the process is the child: nothing of the program is left in it but the variable itself
    const child = spawn(programs.file('person', 'agentkeys'), ['run', '--env', 'KEY=openrouter', '--', 'env', '-u', 'KEY', 'sleep', '30'], { env: programs.env_of('person'), stdio: 'ignore' });
    await until('the command', () => fs.readFileSync(`/proc/${child.pid}/cmdline`, 'latin1').startsWith('sleep'));
    assert.ok(!fs.readFileSync(`/proc/${child.pid}/environ`).includes(secret) && !fs.readFileSync(`/proc/${child.pid}/cmdline`).includes(secret));
    const { found, total } = searchMemory(child.pid, formsOf('the value', secret));
    child.kill();
    assert.deepEqual(found, []);
    assert.ok(total > 1 << 16);
  });

  await test('an agent\'s program reads and runs within its scope', async () => {
    const refused = JSON.parse(programs.must('agent', ['pair', '--label', 'agent-1', '--no-wait', '--json']).toString().split('\n')[0]);
    programs.must('person', ['pair', 'refuse', refused.pairing_code]);
    assert.equal(programs.run('agent', ['pair', '--resume']).status, 3);
    assert.equal(programs.run('agent', ['pair', '--resume']).status, 6, 'what was refused is forgotten');
    const pair = JSON.parse(programs.must('agent', ['pair', '--label', 'agent-1', '--want', 'openrouter', '--no-wait', '--json']).toString().split('\n')[0]);
    const asked = programs.run('agent', ['read', 'openrouter']);
    assert.match(asked.stderr.toString(), /next: {2}agentkeys-daemon pair --resume/);
    const early = programs.run('agent', ['pair', '--resume', '--wait', '1s']);
    assert.equal(early.status, 7, 'the time of --wait is over, the request is not');
    assert.match(early.stderr.toString(), /waiting for the approval, 1 s at most\n.*nobody has approved yet\n.*\n {2}next: {2}agentkeys-daemon pair --resume/);
    programs.must('person', ['pair', 'approve', pair.pairing_code, '--scope', 'openrouter', '--yes']);
    programs.must('agent', ['pair', '--resume']);
    assert.equal(programs.must('agent', ['read', 'openrouter']).toString(), secret);
    assert.equal(programs.must('agent', ['run', '--env', 'KEY=openrouter', '--', 'sh', '-c', 'printf %s "$KEY"']).toString(), secret);
    const mark = path.join(programs.dir, 'started');
    const kept = programs.run('agent', ['run', '--env', 'KEY=openrouter,B=bytes', '--', 'touch', mark]);
    assert.equal(kept.status, 3);
    assert.match(kept.stderr.toString(), /rule scope: saw bytes/);
    assert.ok(!fs.existsSync(mark), 'the command was started all the same');
    programs.must('person', ['agents', 'rotate', 'agent-1']);
    assert.match(programs.must('agent', ['status']).toString(), /path +\/agent-1\/1/);
    programs.must('person', ['agents', 'rotate', 'agent-1']); // its credentials stay readable, with a new token
    assert.equal(programs.must('agent', ['read', 'openrouter']).toString(), secret);
    programs.must('person', ['agents', 'suspend', 'agent-1']);
    assert.equal(programs.run('agent', ['read', 'openrouter']).status, 3);
  });

  await test('import takes what others wrote; export opens with its key alone', async () => {
    programs.must('person', ['import', '-'], `# keys\nIMPORTED_KEY="a ${secret}"\nOTHER=2\n`);
    assert.equal(programs.must('person', ['read', 'imported-key', '--reveal']).toString(), `a ${secret}`);
    const twice = programs.run('person', ['import', '-'], `A_B=${secret}\na.b=${secret}\n`);
    assert.equal(twice.status, 2);
    assert.ok(!twice.stderr.includes(secret));
    assert.equal(programs.run('person', ['read', 'a-b', '--reveal']).status, 6);
    const [keyFile, out] = [path.join(programs.dir, 'key'), path.join(programs.dir, 'export')];
    const to = programs.must('person', ['export-key', keyFile]).toString().trim();
    assert.match(programs.must('person', ['export', out, '--to', to]).toString(), /outside forward secrecy/);
    const [head, ...lines] = fs.readFileSync(out, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    assert.ok(!fs.readFileSync(out).includes(secret));
    assert.equal(fs.statSync(out).mode & 0o777, 0o600);
    const key = privateKey(Buffer.from(fs.readFileSync(keyFile, 'utf8').trim(), 'hex'));
    const values = Object.fromEntries(lines.map((line) => [line.service, open(key, unb64u(line.enc), infoOf('export', head.anchor, line.service, line.path), unb64u(line.sealed)).toString()]));
    assert.equal(values['imported-key'], `a ${secret}`);
    assert.equal(values.openrouter, secret);
    assert.notEqual(programs.run('person', ['export', out, '--to', to]).status, 0); // overwrites nothing
    programs.must('person', ['credentials', 'delete', 'imported-key', '--yes']);
    programs.must('person', ['import', out, '--key-file', keyFile]);
    assert.equal(programs.must('person', ['read', 'imported-key', '--reveal']).toString(), `a ${secret}`);
  });

  await test('a worker with another delivery key gets nothing', async () => {
    const pin = fs.readdirSync(path.join(programs.dir, 'person'), { recursive: true }).find((file) => file.endsWith('delivery.pin'));
    const file = path.join(programs.dir, 'person', pin);
    const kept = fs.readFileSync(file);
    fs.writeFileSync(file, hex(randomBytes(32)));
    const refused = programs.run('person', ['store', 'openrouter'], 'x');
    assert.equal(refused.status, 4);
    assert.match(refused.stderr.toString(), /another delivery key/);
    fs.writeFileSync(file, kept);
    assert.equal(programs.must('person', ['read', 'openrouter', '--reveal']).toString(), secret);
  });

  await test('a gateway that asks for its own key is refused, and the value goes nowhere', async () => {
    const own = b64u(rawPublic(newKey()));
    const [reads, seen] = [async () => (await alice.must('audit', { type: 'CredsRead' })).entries.length, []];
    const before = await reads();
    const gateway = await between(worker, (asked, body) => {
      if (asked.url.startsWith('/v1/credentials/')) seen.push(body);
      return body;
    }, (url) => url.replace(/([?&]key=)[^&]+/, `$1${own}`));
    const got = await new Promise((resolve) => {
      const child = spawn(programs.file('person', 'agentkeys'), ['read', 'openrouter', '--reveal'], { env: { ...programs.env_of('person'), AGENTKEYS_SIGNER_URL: gateway.url } });
      const text = { out: '', err: '' };
      child.stdout.on('data', (part) => (text.out += part));
      child.stderr.on('data', (part) => (text.err += part));
      child.on('close', (status) => resolve({ status, ...text }));
    });
    gateway.close();
    assert.equal(got.status, 4, got.err);
    assert.match(got.err, /ak_rk/);
    assert.equal(got.out, '');
    assert.equal(seen.length, 0);
    assert.equal(await reads(), before);
  });

  await test('what a broken gateway makes of an answer is noticed, and never printed', async () => {
    let kept;
    const delivery = await deliveryKey(alice);
    // all that a gateway knows is right: the reader's key, its account, service, the delivery key's public half
    const forged = (body, asked, withPsk) => {
      const key = unb64u(new URL(asked.url, 'http://x').searchParams.get('key'));
      const { sub } = JSON.parse(unb64u(asked.headers.authorization.split('.')[1]));
      assert.match(sub, /^[0-9a-f]{64}$/);
      const psk = withPsk ? { ...pskOf(newKey(), key), id: delivery } : undefined;
      const box = seal(key, infoOf('credential-read', sub, 'openrouter'), Buffer.from('from the gateway'), { psk });
      return JSON.stringify({ ...JSON.parse(body), enc: b64u(box.enc), sealed: b64u(box.sealed) });
    };
    const changes = {
      'an answer to an earlier request': (body) => kept ?? (kept = body),
      'another service': (body) => JSON.stringify({ ...JSON.parse(body), service: 'bytes' }),
      'another path': (body) => JSON.stringify({ ...JSON.parse(body), path: '/agent-1' }),
      'a value of its own': (body, asked) => forged(body, asked),
      'a value of its own, with a secret of its own': (body, asked) => forged(body, asked, true),
      'one bit': (body) => {
        const answer = JSON.parse(body);
        const bytes = Buffer.from(unb64u(answer.sealed));
        bytes[0] ^= 1;
        return JSON.stringify({ ...answer, sealed: b64u(bytes) });
      },
    };
    for (const [name, change] of Object.entries(changes)) {
      const gateway = await between(worker, (asked, body) => (asked.url.startsWith('/v1/credentials/openrouter?') ? change(body, asked) : body));
      const ask = () => new Promise((resolve) => {
        const child = spawn(programs.file('person', 'agentkeys'), ['read', 'openrouter', '--reveal'], { env: { ...programs.env_of('person'), AGENTKEYS_SIGNER_URL: gateway.url } });
        const text = { out: '', err: '' };
        child.stdout.on('data', (part) => (text.out += part));
        child.stderr.on('data', (part) => (text.err += part));
        child.on('close', (status) => resolve({ status, ...text }));
      });
      if (name.startsWith('an answer')) assert.deepEqual(await ask().then(({ status, out }) => ({ status, out })), { status: 0, out: secret });
      const got = await ask();
      gateway.close();
      assert.equal(got.status, 4, `${name}: ${got.err}`);
      assert.equal(got.out, '', name);
      assert.match(got.err, /did not come from the keeper/, name);
    }
  });

  await test('a command that is told to a person has no word of a gateway that a shell would take for more', async () => {
    const nobody = 'A'.repeat(43);
    const lies = {
      recovery: { items: [{ what: "x;id>'a'", device: nobody, ready_at: 9, started_by: nobody }] },
      credentials: { credentials: [{ service: 'x;id', path: '$(id)', version: 1, versions: 1, size: 1, epoch: 1, written_at: 1, stored: 'missing' }] },
    };
    const gateway = await between(worker, (asked, body) => (lies[asked.url.split(/[/?]/)[2]] ? JSON.stringify(lies[asked.url.split(/[/?]/)[2]]) : body));
    const told = (command) => new Promise((resolve) => {
      const child = spawn(programs.file('person', 'agentkeys'), [command], { env: { ...programs.env_of('person'), AGENTKEYS_SIGNER_URL: gateway.url } });
      let out = '';
      child.stdout.on('data', (part) => (out += part));
      child.stderr.on('data', (part) => (out += part));
      child.on('close', () => resolve(out));
    });
    const [change, store] = [await told('recover'), await told('doctor')];
    gateway.close();
    assert.ok(change.includes(`agentkeys account cancel --what 'x;id>'\\''a'\\''' --device ${nobody}\n`), change);
    assert.ok(store.includes("agentkeys store 'x;id' --path '$(id)'"), store);
  });

  await test('no process but the keeper ever had a value in its memory, and no file or log has one', async () => {
    const needles = formsOf('the value', secret);
    for (let i = 0; i < 20; i++) programs.must('person', ['read', 'openrouter', '--reveal']);
    const roles = { supervisor: worker.pid, ...worker.children() };
    for (const role of ['supervisor', 'gateway', 'reencryptor']) {
      const { found, total } = searchMemory(roles[role], needles);
      assert.deepEqual(found, [], role);
      assert.ok(total > 1 << 20, `only ${total} bytes of the ${role} were read`);
    }
    // the same search sees what the gateway did have
    assert.deepEqual(searchMemory(roles.gateway, texts('a path', '/v1/credentials/openrouter')).found, ['a path']);
    for (const entry of fs.readdirSync(worker.dir, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath ?? entry.path, entry.name);
      if (entry.isFile() && !file.endsWith('-reserve')) assert.deepEqual(hits(fs.readFileSync(file), needles), [], file);
    }
    for (const pid of Object.values(roles)) for (const name of ['cmdline', 'environ']) {
      try {
        assert.deepEqual(hits(fs.readFileSync(`/proc/${pid}/${name}`), needles), []);
      } catch (error) {
        assert.equal(error.code, 'EACCES');
      }
    }
  });

  await test('in the keeper nothing is left of a value once it is out', async () => {
    const { keeper } = worker.children();
    assert.deepEqual(searchMemory(keeper, texts('a path', worker.dataDir)).found, ['a path']); // it can find something
    assert.deepEqual(searchMemory(keeper, formsOf('the value', secret)).found, []);
  });

  await test('all of it is there after a restart, in order', async () => {
    await worker.stop();
    await worker.start();
    const again = worker.again(alice);
    assertValue(await readLater(again, 'kept'), 'new');
    assert.equal((await rotate(again)).status, 200);
  });
  await worker.stop();
});
