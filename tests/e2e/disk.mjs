#!/usr/bin/env node
// Disks that are full, read-only, shared, old or altered: refused by name at the start, or served as far as it is safe.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Broker, freePort } from './lib/broker.mjs';
import { assert, atEnd, main, skip, test, until } from './lib/check.mjs';
import { checkChain, readAudit } from './lib/ledger.mjs';
import { blobFiles, epochs, put, readLater, rotate } from './lib/vault.mjs';
import { tempDir, Worker } from './lib/worker.mjs';

// A small disk of its own; unmounted at the end.
function mountTmpfs(megabytes) {
  if (process.getuid() !== 0) skip('only root can mount a small disk');
  const dir = tempDir();
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'agentkeys-e2e', dir], { encoding: 'utf8' });
  if (made.status !== 0) skip(`no small disk can be mounted here: ${made.stderr?.trim() ?? made.error}`);
  atEnd(() => spawnSync('umount', ['-l', dir]));
  return dir;
}

function fillUp(dir) {
  const fd = fs.openSync(path.join(dir, 'filler'), 'w');
  for (let size = 1 << 20; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) fs.writeSync(fd, Buffer.alloc(size));
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
    }
  }
  fs.closeSync(fd);
}

// A stopped worker with some history, and copies of its folder to spoil.
class Original {
  static async make() {
    const made = new Original();
    made.worker = await Worker.start();
    const owner = await made.worker.owner();
    const agent = await made.worker.agent(owner, 'agent-1');
    for (let i = 0; i < 5; i++) assert.equal((await agent.sign(`entry ${i}`)).status, 200);
    made.entries = (await readAudit(owner)).entries;
    assert.equal(await made.worker.stop(), 0);
    return made;
  }

  copy() {
    const dir = tempDir();
    fs.cpSync(this.worker.dataDir, path.join(dir, 'data'), { recursive: true, filter: (file) => !file.endsWith('-reserve') });
    return new Worker({ dir });
  }
}

const database = (worker) => new DatabaseSync(path.join(worker.dataDir, 'ledger.db'));

// Changes the stored ledger, and closes it so that everything is in the file.
function spoil(worker, change) {
  const db = database(worker);
  change(db);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

function flip(bytes, at, bit = 1) {
  const copy = Buffer.from(bytes);
  copy[at] ^= bit;
  return copy;
}

async function refusesToStart(worker, pattern, more = []) {
  const failed = await worker.bootFail(more);
  assert.equal(failed.code, 1, failed.line);
  assert.match(failed.line, pattern);
  assert.match(failed.line, /^BOOT_FAIL [a-z_]+: [^=]*=.*: .+; see docs\//);
}

await main(async () => {
  await test('a full disk: uses get 507, a person still suspends, and all goes on once there is room', async () => {
    const disk = mountTmpfs(96);
    const worker = await Worker.start({ dataDir: path.join(disk, 'data') });
    const owner = await worker.owner();
    const agent = await worker.agent(owner, 'agent-1', { rate: 10000 });
    const other = await worker.agent(owner, 'agent-2', { rate: 10000 });
    assert.equal((await agent.sign('room')).status, 200);
    fillUp(disk);
    const full = await until('the disk to be noticed', async () => {
      const answer = await agent.signLater('no room').catch(() => undefined); // it may start again in between
      return answer && answer.status !== 200 && answer.status !== 503 && answer;
    }, 20000, 50);
    assert.equal(`${full.status} ${full.error}`, '507 storage_full');
    await until('the worker to stand', async () => (await owner.call('account').catch(() => ({}))).status === 200, 20000, 50);
    const suspended = await owner.call('agent-suspend', { label: 'agent-1' });
    assert.equal(suspended.status, 200, suspended.text);
    const refused = await agent.sign('after the suspension');
    assert.equal(refused.status, 403, refused.text);
    assert.equal(refused.body.denial.rule, 'active');
    assert.equal((await owner.call('agent-rotate', { label: 'agent-2' })).status, 200);
    assert.equal((await owner.call('account-suspend')).status, 200);
    assert.notEqual((await other.signLater('and here')).status, 200);
    assert.notEqual(await worker.health(), 'ready');

    await worker.kill(); // on the full disk, too
    worker.launch();
    await until('the worker on the full disk', async () => (await worker.health()) === 'not_ready', 20000, 50);
    fs.rmSync(path.join(disk, 'filler'));
    await until('the room to be noticed', async () => (await worker.health()) === 'ready', 20000, 100);
    owner.proved = false;
    assert.equal((await owner.must('account')).suspended, true);
    assert.equal((await owner.must('agent', { label: 'agent-1' })).status, 'suspended');
    assert.equal((await owner.must('agent', { label: 'agent-2' })).generation, 1);
    checkChain((await readAudit(owner)).entries);
    await worker.stop();
  });

  const original = await Original.make();

  await test('an unspoilt copy starts', async () => {
    const worker = original.copy();
    await worker.start(['--verify-all']);
    assert.equal(await worker.stop(), 0);
  });

  await test('a second worker on the folder is refused, the first serves on', async () => {
    const worker = original.copy();
    await worker.start();
    await refusesToStart(new Worker({ dataDir: worker.dataDir }), /^BOOT_FAIL data_dir_busy: data_dir=/);
    const taken = worker.command(['ledger', 'verify', '--data-dir', worker.dataDir]);
    assert.notEqual(taken.status, 0);
    assert.match(taken.stderr, /data_dir_busy/);
    const owner = await worker.owner('email:bob@demo.example');
    assert.equal((await owner.signLater('still here')).status, 200);
    await worker.stop();
  });

  await test('one byte inside any entry: refused, and the entry is named', async () => {
    for (const entry of original.entries) {
      const worker = original.copy();
      spoil(worker, (db) => {
        const batch = db.prepare('SELECT first, entries FROM batch WHERE first <= ? ORDER BY first DESC LIMIT 1').get(entry.index);
        const entries = Buffer.from(batch.entries);
        const at = entries.indexOf(entry.bytes);
        assert.ok(at > 0);
        db.prepare('UPDATE batch SET entries = ? WHERE first = ?').run(flip(entries, at + entry.bytes.length - 3), batch.first);
      });
      const failed = await worker.bootFail(['--verify-all']);
      assert.equal(failed.code, 1);
      const named = /^BOOT_FAIL ledger_damaged: ledger=entry (\d+): /.exec(failed.line);
      assert.ok(named, failed.line);
      const db = database(worker);
      const batch = db.prepare('SELECT first, count FROM batch WHERE first <= ? ORDER BY first DESC LIMIT 1').get(entry.index);
      db.close();
      // of a batch whose leaves were made over as well nothing finer can be told than where it begins
      assert.equal(Number(named[1]), entry.index, `entry ${entry.index} of the batch of ${batch.count} from ${batch.first}`);
      fs.rmSync(worker.dir, { recursive: true });
    }
  });

  const spoils = {
    'the last batch is cut off': (db) => db.exec('DELETE FROM batch WHERE first = (SELECT max(first) FROM batch)'),
    'a batch in the middle is gone': (db) => db.exec('DELETE FROM batch WHERE first = (SELECT first FROM batch ORDER BY first LIMIT 1 OFFSET 3)'),
    'everything is gone': (db) => db.exec('DELETE FROM batch'),
    'a record is cut': (db) => db.exec('UPDATE batch SET record = substr(record, 1, length(record) - 1) WHERE first = (SELECT max(first) FROM batch)'),
    'a record has grown': (db) => db.exec("UPDATE batch SET record = CAST(record || x'00' AS BLOB) WHERE first = (SELECT max(first) FROM batch)"),
    'a record is another batch\'s': (db) => db.exec('UPDATE batch SET record = (SELECT record FROM batch WHERE first = 0) WHERE first = (SELECT max(first) FROM batch)'),
    'a record is empty': (db) => db.exec("UPDATE batch SET record = x'' WHERE first = (SELECT max(first) FROM batch)"),
    'a segment is cut': (db) => db.exec('UPDATE batch SET entries = substr(entries, 1, length(entries) - 1) WHERE first = (SELECT max(first) FROM batch)'),
    'a segment is empty': (db) => db.exec("UPDATE batch SET entries = x'' WHERE first = (SELECT max(first) FROM batch)"),
    'a count is wrong': (db) => db.exec('UPDATE batch SET count = count + 1 WHERE first = (SELECT max(first) FROM batch)'),
    'two batches are exchanged': (db) => {
      const [one, two] = db.prepare('SELECT first, count, record, leaves, entries FROM batch ORDER BY first LIMIT 2 OFFSET 2').all();
      const put = db.prepare('UPDATE batch SET record = ?, leaves = ?, entries = ? WHERE first = ?');
      put.run(two.record, two.leaves, two.entries, one.first);
      put.run(one.record, one.leaves, one.entries, two.first);
    },
    'another log\'s id': (db) => db.prepare("UPDATE meta SET value = ? WHERE key = 'log_id'").run(Buffer.alloc(16, 7)),
  };
  for (const at of [5, 30, 60, 100]) {
    spoils[`byte ${at} of a record is forged`] = (db) => {
      const { first, record } = db.prepare('SELECT first, record FROM batch ORDER BY first DESC LIMIT 1').get();
      db.prepare('UPDATE batch SET record = ? WHERE first = ?').run(flip(record, at), first);
    };
  }
  for (const [name, change] of Object.entries(spoils)) {
    await test(`ledger: ${name}`, async () => {
      const worker = original.copy();
      spoil(worker, change);
      await refusesToStart(worker, /^BOOT_FAIL ledger_damaged: /);
      fs.rmSync(worker.dir, { recursive: true });
    });
  }

  await test('leaves and nodes, kept for speed, are believed by nobody', async () => {
    const worker = original.copy();
    spoil(worker, (db) => {
      const { first, leaves } = db.prepare('SELECT first, leaves FROM batch ORDER BY first LIMIT 1 OFFSET 2').get();
      db.prepare('UPDATE batch SET leaves = ? WHERE first = ?').run(flip(leaves, 3), first);
    });
    const failed = await worker.bootFail().catch(() => undefined);
    if (failed) {
      assert.match(failed.line, /^BOOT_FAIL ledger_damaged: /);
      return;
    }
    const owner = await worker.owner('email:carol@demo.example'); // it started: then what it serves is right
    checkChain((await readAudit(owner)).entries);
    await worker.stop();
  });

  await test('a ledger file that is none', async () => {
    for (const [name, bytes] of Object.entries({ empty: Buffer.alloc(0), noise: Buffer.alloc(8192, 0x5a) })) {
      const worker = original.copy();
      for (const tail of ['-wal', '-shm']) fs.rmSync(path.join(worker.dataDir, `ledger.db${tail}`), { force: true });
      fs.writeFileSync(path.join(worker.dataDir, 'ledger.db'), bytes);
      await refusesToStart(worker, /^BOOT_FAIL ledger_damaged: /).catch((error) => assert.fail(`${name}: ${error.message}`));
    }
  });

  await test('a sealed state that is altered, cut, or gone', async () => {
    const size = fs.statSync(path.join(original.worker.dataDir, 'sealed.bin')).size;
    for (let at = 0; at < size; at += 41) {
      const worker = original.copy();
      const file = path.join(worker.dataDir, 'sealed.bin');
      fs.writeFileSync(file, flip(fs.readFileSync(file), at));
      await refusesToStart(worker, /^BOOT_FAIL (sealed_|wrong_|stale_|unsupported_|config_)[a-z_]*: /);
      fs.rmSync(worker.dir, { recursive: true });
    }
    for (const left of [0, 10, size - 1]) {
      const worker = original.copy();
      fs.truncateSync(path.join(worker.dataDir, 'sealed.bin'), left);
      await refusesToStart(worker, /^BOOT_FAIL sealed_/);
    }
    const gone = original.copy();
    fs.rmSync(path.join(gone.dataDir, 'sealed.bin'));
    await refusesToStart(gone, /^BOOT_FAIL no_sealed_state: /);
    await refusesToStart(new Worker(), /^BOOT_FAIL no_sealed_state: /);
  });

  await test("an older folder under the newer counter is refused, and so is another machine's key", async () => {
    const worker = original.copy();
    const old = original.copy();
    await worker.start();
    await worker.owner('email:dave@demo.example');
    await worker.stop();
    fs.cpSync(path.join(worker.dataDir, 'tee'), path.join(old.dataDir, 'tee'), { recursive: true });
    await refusesToStart(old, /^BOOT_FAIL stale_state: /);
    const stranger = await Worker.start();
    await stranger.stop();
    const mixed = original.copy();
    fs.cpSync(path.join(stranger.dataDir, 'tee/key'), path.join(mixed.dataDir, 'tee/key'));
    await refusesToStart(mixed, /^BOOT_FAIL (sealed_state_damaged|tee_unavailable): /);
  });

  await test('another trust configuration is refused by name', async () => {
    const worker = original.copy();
    await refusesToStart(worker, /^BOOT_FAIL [a-z_]*config[a-z_]*: /, ['--issuer', 'http://other.example']);
  });

  await test('a folder that others may read', async () => {
    const worker = original.copy();
    fs.chmodSync(worker.dataDir, 0o755);
    await refusesToStart(worker, /^BOOT_FAIL data_dir: data_dir=/);
  });

  await test('a read-only folder', async () => {
    const disk = mountTmpfs(96);
    const worker = await Worker.start({ dataDir: path.join(disk, 'data') });
    await worker.stop();
    assert.equal(spawnSync('mount', ['-o', 'remount,ro', disk]).status, 0);
    await refusesToStart(worker, /^BOOT_FAIL [a-z_]+: data_dir=/);
    assert.equal(spawnSync('mount', ['-o', 'remount,rw', disk]).status, 0);
    await worker.start();
    assert.equal(await worker.stop(), 0);
  });

  await test('erasure slots: of another worker, open to others, inside the data folder, moved away', async () => {
    const worker = await Worker.start();
    assert.equal(await worker.stop(), 0);
    const slots = `${worker.dataDir}-slots`;
    const other = new Worker();
    const init = other.command(['init', '--data-dir', other.dataDir, '--vault-erasure-slot', slots]);
    assert.equal(init.status, 1);
    assert.match(init.stderr, /^BOOT_FAIL erasure_slot_foreign: vault\.erasure_slot=/m);
    const stranger = await Worker.start();
    assert.equal(await stranger.stop(), 0);
    await refusesToStart(stranger, /^BOOT_FAIL erasure_slot_foreign: vault\.erasure_slot=/, ['--vault-erasure-slot', slots]);
    await refusesToStart(worker, /^BOOT_FAIL bad_value: vault\.erasure_slot=/, ['--vault-erasure-slot', path.join(worker.dataDir, 'slots')]);
    fs.chmodSync(slots, 0o750);
    await refusesToStart(worker, /^BOOT_FAIL erasure_slot: vault\.erasure_slot=/);
    fs.chmodSync(slots, 0o700);
    const moved = path.join(worker.dir, 'moved');
    fs.renameSync(slots, moved);
    fs.writeFileSync(path.join(worker.dataDir, 'epochs.bin'), ''); // there are credentials
    await refusesToStart(worker, /^BOOT_FAIL erasure_slot_missing: vault\.erasure_slot=/);
    assert.ok(!fs.existsSync(slots));
    fs.rmSync(path.join(worker.dataDir, 'epochs.bin'));
    await worker.start(['--vault-erasure-slot', moved]);
    assert.equal(await worker.stop(), 0);
    assert.deepEqual(fs.readdirSync(moved), ['worker']);
  });

  await test('credentials on a full disk: no put and no rotation, nothing is lost, and all goes on once there is room', async () => {
    const disk = mountTmpfs(96);
    const worker = await Worker.start({ dataDir: path.join(disk, 'data') });
    const owner = await worker.owner();
    assert.equal((await put(owner, 'a', 'before')).status, 200);
    fillUp(disk);
    const refused = [];
    for (let i = 0; i < 20; i++) {
      const answer = await put(worker.again(owner), 'a', Buffer.alloc(60000, i)).catch(() => undefined);
      if (answer) refused.push(`${answer.status} ${answer.error}`);
    }
    assert.ok(refused.includes('507 storage_full'), refused.join());
    fs.rmSync(path.join(disk, 'filler'));
    await until('the room to be noticed', async () => (await worker.health()) === 'ready', 20000, 100);
    const again = await until('the owner', async () => {
      const one = worker.again(owner);
      return (await one.call('account').catch(() => ({}))).status === 200 && one;
    });
    const found = (await readLater(again, 'a')).value;
    assert.ok(found.equals(Buffer.from('before')) || (refused.some((one) => one.startsWith('200')) && found.length === 60000), `${found.length} bytes`);
    assert.equal((await put(again, 'a', 'after')).status, 200);
    assert.equal((await rotate(again)).status, 200);
    await until('the move', async () => (await epochs(again)).find((one) => one.state === 'old').blobs === 0);
    assert.equal((await readLater(again, 'a')).value.toString(), 'after');
    await worker.stop();
  });

  await test('the folder of credentials gone, a blob gone, altered, or another one: refused by name, and nothing else is touched', async () => {
    const worker = await Worker.start();
    const owner = await worker.owner();
    for (const service of ['a', 'b', 'c', 'd']) assert.equal((await put(owner, service, `value ${service}`)).status, 200);
    assert.equal(await worker.stop(), 0);
    const blobs = path.join(worker.dataDir, 'blobs');
    const verify = () => worker.command(['ledger', 'verify', '--data-dir', worker.dataDir]);
    assert.match(verify().stdout, /ok: 4 stored values are as the ledger names them/);
    const away = path.join(worker.dir, 'away');
    fs.renameSync(blobs, away);
    await refusesToStart(worker, /^BOOT_FAIL blobs_missing: data_dir=/);
    assert.ok(!fs.existsSync(blobs));
    fs.renameSync(away, blobs);
    const file = Object.fromEntries(blobFiles(blobs).map((blob) => [blob.service, blob.file]));
    fs.rmSync(file.a);
    fs.writeFileSync(file.b, flip(fs.readFileSync(file.b), 50));
    fs.copyFileSync(file.d, file.c);
    const wrong = verify();
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /^missing: blobs\/[0-9a-f]{40}\/a\//m);
    assert.match(wrong.stderr, /^altered: blobs\/[0-9a-f]{40}\/b\//m);
    assert.match(wrong.stderr, /^altered: blobs\/[0-9a-f]{40}\/c\//m);
    await worker.start();
    const client = worker.again(owner);
    for (const service of ['a', 'b', 'c']) assert.equal((await readLater(client, service)).error, 'tampered', service);
    assert.equal((await readLater(client, 'd')).value.toString(), 'value d');
    const { entries } = await readAudit(client);
    assert.equal(entries.filter((entry) => entry.type === 'BlobRefused').length, 3);
    assert.equal((await put(client, 'a', 'anew')).status, 200);
    assert.equal((await readLater(client, 'a')).value.toString(), 'anew');
    assert.equal(await worker.stop(), 0);
  });

  await test('init does not touch a worker that is there', async () => {
    const worker = original.copy();
    assert.throws(() => worker.init(), /sealed_state_exists/);
    await worker.start();
    await worker.stop();
  });

  await test('a full disk under the broker: /readyz says so, and it goes on once there is room', async () => {
    const dir = mountTmpfs(1);
    const broker = new Broker({ dir, port: await freePort(), issuer: 'http://127.0.0.1:1', workerSocket: path.join(dir, 'none.sock') });
    broker.log = path.join(tempDir(), 'log');
    broker.init();
    await broker.start();
    const state = async () => (await broker.get('/readyz')).body.checks.state;
    assert.equal(await state(), 'ok');
    fillUp(dir);
    await until('the full disk to be seen', async () => (await state()) !== 'ok', 20000, 200);
    assert.match(broker.logText(), /"event":"state_not_writable"/);
    await broker.kill('SIGTERM');
    await broker.start(); // what is there already can be read
    fs.rmSync(path.join(dir, 'filler'));
    await until('the room to be seen', async () => (await state()) === 'ok', 20000, 200);
    assert.deepEqual(await broker.kill('SIGTERM'), { code: 0, signal: null });
  });
});
