#!/usr/bin/env node
// Planted secrets are looked for where they must not be: logs, files, arguments, environments, memory (I1, I2, I19).
import { createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { assert, main, skip, sleep, test, until } from './lib/check.mjs';
import { hex, sha256, unhex } from './lib/bytes.mjs';
import { Device } from './lib/device.mjs';
import { blobFiles, destroy, epochs, put, read, rotate, sealedCode } from './lib/vault.mjs';
import { shared, Worker } from './lib/worker.mjs';

// Published in ../shared/vectors/derivation.json, its first case.
const known = {
  msk: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  secret_key: '0e52cbcd0903b17f4a2e70025a8c09deefcf510d1712aea58886be4de66d62b0',
  chain_code: 'd9a779374d1f69e3c576c14f95717052b704a9d7a553a8f56c11ec640fd12e45',
  identity: 'email:alice@demo.example',
};

// A secret as bytes in both orders (libraries keep numbers little-endian), and as hex and base64url text.
function forms(name, text) {
  const bytes = unhex(text);
  const reversed = Buffer.from(bytes).reverse();
  return [[`${name}, bytes`, bytes], [`${name}, bytes reversed`, reversed], [`${name}, hex`, Buffer.from(text)],
    [`${name}, upper hex`, Buffer.from(text.toUpperCase())], [`${name}, base64`, Buffer.from(bytes.toString('base64').replace(/=*$/, ''))]];
}

const texts = (name, text) => [[name, Buffer.from(text)]];

function findIn(where, bytes, needles) {
  return needles.filter(([, needle]) => bytes.includes(needle)).map(([name]) => `${name} in ${where}`);
}

function filesBelow(dir) {
  return fs.readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

// All files of a worker but the reserve, which is zeros.
function scanFiles(worker, needles) {
  return filesBelow(worker.dir).filter((file) => !file.endsWith('-reserve')).flatMap((file) => findIn(file, fs.readFileSync(file), needles));
}

const processes = (worker) => ({ supervisor: worker.pid, ...worker.children() });

function scanProc(worker, needles) {
  return Object.entries(processes(worker)).flatMap(([role, pid]) => ['environ', 'cmdline'].flatMap((file) => {
    try {
      return findIn(`${file} of the ${role}`, fs.readFileSync(`/proc/${pid}/${file}`), needles);
    } catch (error) {
      assert.equal(error.code, 'EACCES'); // not to be read by its own user: better still
      return [];
    }
  }));
}

// The readable memory of a process; what the kernel does not give (memfd_secret) is left out.
function scanMemory(role, pid, needles) {
  const found = [];
  let total = 0;
  let mem;
  try {
    mem = fs.openSync(`/proc/${pid}/mem`, 'r');
  } catch (error) {
    skip(`the memory of the ${role} cannot be read: ${error.code}`);
  }
  for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line);
    if (!range || line.includes('[vvar') || line.includes('[vsyscall]')) continue;
    const [from, to] = [parseInt(range[1], 16), parseInt(range[2], 16)];
    for (let at = from; at < to; at += 1 << 24) {
      const part = Buffer.alloc(Math.min(to - at, (1 << 24) + 128)); // a needle on the seam is seen, too
      try {
        const got = fs.readSync(mem, part, 0, part.length, at);
        total += got;
        found.push(...findIn(`${role}: ${line.slice(0, 90)}`, part.subarray(0, got), needles));
      } catch {
        continue;
      }
    }
  }
  fs.closeSync(mem);
  return { found, total };
}

// A scan that finds nothing must be able to find something.
function checkScan(role, pid, there) {
  const { found } = scanMemory(role, pid, texts('a text that is there', there));
  assert.ok(found.length > 0, `the scan of the ${role} does not find what is there`);
}

// A development signer with a planted secret, used a little: nothing of `secret` anywhere, and nothing of `derived` in the keeper.
async function plant(name, msk, secret, derived) {
  const dev = await Worker.start({ env: { DEV_KEY_SERVICE_MASTER_SECRET: msk }, args: ['--log-level', 'debug'] });
  const alice = await dev.owner(known.identity);
  for (let i = 0; i < 50; i++) assert.equal((await alice.sign(`message ${i}`)).status, 200);
  await alice.call('sign-message', { omni_account: alice.account, message_hex: 'zz' });
  await alice.call('account', {}, { token: 'e30.e30.e30', fresh: true });

  await test(`${name}: none in environments, arguments, logs and files`, async () => {
    assert.deepEqual([...scanProc(dev, secret), ...scanFiles(dev, secret)], []);
  });

  for (const role of ['gateway', 'supervisor', 'reencryptor']) {
    await test(`${name}: none in the memory of the ${role}`, async () => {
      checkScan(role, processes(dev)[role], role === 'reencryptor' ? `--role=${role}` : dev.dataDir); // it has no settings
      const { found, total } = scanMemory(role, processes(dev)[role], secret);
      assert.deepEqual(found, []);
      assert.ok(total > 1 << 20, `only ${total} bytes were read`);
    });
  }

  await test(`${name}: in the keeper nothing is left after its use`, async () => {
    await sleep(300);
    checkScan('keeper', processes(dev).keeper, dev.dataDir);
    assert.deepEqual(scanMemory('keeper', processes(dev).keeper, derived).found, []);
  });

  await test(`${name}: a restart of the keeper does not spread it`, async () => {
    const before = dev.children();
    process.kill(before.keeper, 'SIGKILL');
    await until('the restart', async () => {
      const now = dev.children();
      return now.keeper && now.keeper !== before.keeper && (await dev.health()) === 'ready';
    });
    assert.equal((await alice.signLater('after the restart')).body.address, alice.session.wallet_address);
    assert.deepEqual([...scanProc(dev, secret), ...scanFiles(dev, secret)], []);
    for (const role of ['gateway', 'supervisor', 'reencryptor']) assert.deepEqual(scanMemory(role, processes(dev)[role], secret).found, []);
  });

  await test(`${name}: no process may dump core or gain rights`, async () => {
    for (const [role, pid] of Object.entries(dev.children())) {
      assert.match(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m, role);
      assert.match(fs.readFileSync(`/proc/${pid}/status`, 'utf8'), /^NoNewPrivs:\t1$/m, role);
    }
  });
  await dev.stop();
  return alice;
}

// The key of the epoch store, as the software backend keeps it (docs/formats/sealed.md): for looking where it must not be.
function erasureKey(worker) {
  const slotKey = Buffer.from(hkdfSync('sha256', fs.readFileSync(path.join(worker.dataDir, 'tee/key')), '', 'agentkeys software tee slot v1', 32));
  const slots = `${worker.dataDir}-slots`;
  const name = fs.readdirSync(slots).find((file) => /^slot[01]$/.test(file));
  const file = fs.readFileSync(path.join(slots, name));
  const box = createDecipheriv('aes-256-gcm', slotKey, file.subarray(0, 12)).setAAD(Buffer.from([...Buffer.from('slot'), Number(name.at(-1))]));
  box.setAuthTag(file.subarray(-16));
  return Buffer.concat([box.update(file.subarray(12, -16)), box.final()]);
}

// Values stored, read, moved, rolled back, refused and deleted: nothing of them is anywhere afterwards but with their readers.
async function plantValues() {
  const worker = await Worker.start({ args: ['--log-level', 'debug'] });
  const owner = await worker.owner();
  const agent = await worker.agent(owner, 'agent-1', { scope: ['openrouter', 'large', 'moved'] });
  const planted = Array.from({ length: 4 }, () => `planted-${hex(randomBytes(24))}`);
  const large = Buffer.alloc(65536, planted[3]);
  await put(owner, 'openrouter', planted[0]);
  await put(owner, 'openrouter', planted[1]);
  await put(owner, 'moved', planted[2]);
  await put(owner, 'large', large);
  assert.equal((await put(owner, 'large', Buffer.alloc(65537, planted[3]))).status, 400);
  assert.ok((await read(agent, 'large')).value.equals(large));
  assert.equal((await read(owner, 'openrouter', { version: 1 })).value.toString(), planted[0]);
  assert.equal((await owner.call('credential-rollback', { service: 'openrouter', version: 1 })).status, 200);
  assert.equal((await rotate(owner)).status, 200);
  await until('the sweep', async () => (await epochs(owner)).find((one) => one.state === 'old').blobs === 0);
  assert.equal((await read(agent, 'moved')).value.toString(), planted[2]);
  assert.equal((await destroy(owner, 1)).status, 200);
  const [{ file }] = blobFiles(path.join(worker.dataDir, 'blobs')).filter((blob) => blob.service === 'moved' && blob.epoch === 2);
  fs.writeFileSync(file, fs.readFileSync(file).map((byte, at) => (at === 60 ? byte ^ 1 : byte)));
  assert.equal((await read(agent, 'moved')).error, 'tampered');
  assert.equal((await owner.call('credential-delete', { service: 'large' })).status, 200);
  const values = planted.flatMap((text) => [...forms('value', hex(Buffer.from(text))), ...texts('value, hex', hex(Buffer.from(text))), ...texts('value, base64url', Buffer.from(text).toString('base64url').slice(0, -2))]);
  const ek = forms('erasure key', hex(erasureKey(worker)));
  const audit = Buffer.from((await owner.call('audit', { since: 0, limit: 200 })).text);
  const answers = [Buffer.from((await owner.call('credential-list')).text), audit, Buffer.from((await owner.connection.request('GET', '/metrics')).text)];

  await test('values of credentials: none in environments, arguments, logs, files, lists, entries, metrics', async () => {
    assert.deepEqual([...scanProc(worker, values), ...scanFiles(worker, [...values, ...ek])], []);
    for (const bytes of answers) assert.deepEqual(findIn('an answer', bytes, values), []);
  });

  for (const role of ['gateway', 'reencryptor', 'supervisor', 'keeper']) {
    await test(`values of credentials: none in the memory of the ${role} afterwards`, async () => {
      await sleep(300);
      checkScan(role, processes(worker)[role], role === 'reencryptor' ? `--role=${role}` : worker.dataDir);
      const { found, total } = scanMemory(role, processes(worker)[role], [...values, ...ek]);
      assert.deepEqual(found, []);
      assert.ok(total > 1 << 20, `only ${total} bytes were read`);
    });
  }
  await worker.stop();
}

await main(async () => {
  const keys = [...forms('user key', known.secret_key), ...forms('chain code', known.chain_code)];
  const msk = hex(randomBytes(32));
  const text = (all) => all.filter(([name]) => !name.includes('bytes'));
  await plant('random secret', msk, forms('master secret', msk), text(forms('master secret', msk)));
  // the published one counts 00 01 02 ..., which stands in libraries as a table, too: as bytes it cannot be looked for
  const alice = await plant('published secret', known.msk, [...keys, ...text(forms('master secret', known.msk))], keys);

  await test('the published secret is the one that was in use', async () => {
    const file = path.join(shared, 'vectors/derivation.json');
    if (!fs.existsSync(file)) skip(`${file} is not here`);
    const [one] = JSON.parse(fs.readFileSync(file, 'utf8')).cases;
    assert.equal(one.msk, known.msk);
    assert.equal(one.user.secret_key, known.secret_key);
    assert.equal(one.user.chain_code, known.chain_code);
    assert.equal(one.user.address, alice.session.wallet_address);
    assert.equal(one.omni_account, alice.account);
  });

  await plantValues();

  // The software backend: what people and agents bring must not stay in clear.
  const mail = 'carol.secret-address@mail.example';
  const worker = await Worker.start({ args: ['--log-level', 'debug'] });
  const recovery = randomBytes(32);
  const carol = await worker.owner(`email:${mail}`, new Device(), { recovery_hash: hex(sha256(recovery)) });
  const agent = await worker.agent(carol, 'agent-1');
  const message = `a very private message ${hex(randomBytes(8))}`;
  assert.equal((await agent.sign(message)).status, 200);
  const asked = await worker.client(new Device()).must('pair-request', { label: 'waiting' });
  const invite = await carol.must('pair-invite', { label: 'invited', scope: [] });
  await assert.rejects(worker.owner(`email:${mail}`), /device_not_enrolled/);
  await carol.must('agent-suspend', { label: 'agent-1' });
  await carol.must('account-suspend');
  const next = randomBytes(32);
  await carol.must('account-resume', { recovery_code: await sealedCode(carol, recovery), recovery_hash: hex(sha256(next)) });
  await carol.must('account-suspend');
  assert.equal((await carol.call('account-resume', { recovery_code: await sealedCode(carol, recovery) })).error, 'bad_signature', 'it is used once');
  await carol.must('account-resume', { recovery_code: await sealedCode(carol, next), recovery_hash: hex(sha256(randomBytes(32))) });
  await carol.call('account-resume', { recovery_code: await sealedCode(carol, randomBytes(32)) });
  const nonce = carol.nonce;
  await worker.stop();
  worker.command(['ledger', 'snapshot', '--data-dir', worker.dataDir]);

  const personal = [
    ...texts('mail address', mail), ...texts('mail address, upper', mail.toUpperCase()), ...texts('its local part', mail.split('@')[0]),
    ...texts('session', carol.token), ...texts('part of the session', carol.token.split('.')[2]), ...texts('agent token', agent.token.split('.')[2]),
    ...texts('pairing code', asked.pairing_code), ...texts('pairing code without its dash', asked.pairing_code.replace('-', '')), ...texts('invite', invite.code), ...texts('nonce', nonce),
    ...texts('message', message), ...texts('message, hex', hex(message)), ...forms('recovery code', hex(recovery)), ...forms('next recovery code', hex(next)), ...texts('mail address, hex', hex(mail)),
  ];

  await test('no address, token, code or message in logs, ledger, snapshots and sealed state', async () => {
    assert.ok(worker.logText().length > 500);
    assert.ok(filesBelow(worker.dataDir).some((file) => file.endsWith('ledger.db')));
    assert.deepEqual(scanFiles(worker, personal), []);
    assert.ok(findIn('the ledger', fs.readFileSync(path.join(worker.dataDir, 'ledger.db')), texts('label', 'agent-1')).length > 0, 'the scan does not see the ledger');
  });

  await test('no address, token or code in metrics and errors', async () => {
    await worker.start();
    const client = worker.client(new Device());
    const answers = [
      await client.connection.request('GET', '/metrics'), await client.connection.request('GET', '/readyz'), await client.connection.request('GET', '/healthz'),
      await client.call('account', {}, { token: carol.token }), await client.call('token', { account: carol.account, label: 'agent-1' }),
    ];
    for (const answer of answers) assert.deepEqual(findIn(answer.text.slice(0, 60), Buffer.from(answer.text), personal), []);
  });
});
