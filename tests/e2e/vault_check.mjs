#!/usr/bin/env node
// Ledger and store held against each other while the worker serves: what is missing, altered or unreadable is counted for
// everybody and named to its owner alone; a store folder that is full, read-only, gone or failing loses nothing, and once it is
// well again `agentkeys doctor` says that both agree.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { assert, atEnd, main, skip, test, until } from './lib/check.mjs';
import { agree, doctor, vaultStore } from './lib/doctor.mjs';
import { inject, needTracer } from './lib/inject.mjs';
import { blobFiles, epochs, put, read, readLater, rotate } from './lib/vault.mjs';
import { build, tempDir, Worker } from './lib/worker.mjs';

const cli = (worker, state, args, input = '') => spawnSync(path.join(build, 'src/programs/cli/agentkeys'), args, {
  env: { ...worker.env, AGENTKEYS_SIGNER_URL: `${worker.url}/tee`, AGENTKEYS_OPERATOR_SOCKET: worker.operator, AGENTKEYS_STATE_DIR: state }, input, encoding: 'utf8', timeout: 60000 });
const flip = (file, at) => { const bytes = fs.readFileSync(file); bytes[at] ^= 1; fs.writeFileSync(file, bytes); };
const says = (worker, what) => until(`the check to say ${what}`, async () => what.test(await vaultStore(worker)), 15000, 20);

// All are there and can be read, and a put goes through again.
async function whole(worker, owner, values) {
  await agree(worker);
  for (const [service, value] of Object.entries(values)) assert.equal((await readLater(owner, service)).value.toString(), value, service);
  assert.equal((await put(owner, 'after', 'after')).status, 200);
  await agree(worker);
}

await main(async () => {
  await test('what differs is counted for everybody, named to its owner alone, and gone once it is mended', async () => {
    const worker = await Worker.start();
    await agree(worker); // nothing is stored yet
    const state = tempDir();
    const bob = await worker.owner('email:bob@demo.example');
    assert.equal(cli(worker, state, ['init', '--local', 'email:alice@demo.example', '--name', 'laptop']).status, 0);
    for (const service of ['mail', 'openrouter', 'github', 'spare']) assert.equal(cli(worker, state, ['store', service, '--file', '-'], `of ${service}`).status, 0);
    assert.equal((await put(bob, 'bobs', 'of bob')).status, 200);
    const dir = path.join(worker.dataDir, 'blobs');
    const kept = tempDir();
    fs.cpSync(dir, kept, { recursive: true });
    const files = Object.fromEntries(blobFiles(dir).map((one) => [one.service, one.file]));
    fs.rmSync(files.mail);
    flip(files.openrouter, 60);
    fs.appendFileSync(files.github, Buffer.alloc(70000)); // longer than any blob
    fs.rmSync(files.bobs);
    assert.equal((await read(bob, 'bobs')).error, 'tampered'); // what fails has everything looked at
    await says(worker, /^differs: 2 missing, 2 altered$/);
    assert.equal(await worker.health(), 'ready'); // others are served
    const { body: { credentials } } = await bob.call('credential-list');
    assert.deepEqual(credentials.map((one) => [one.service, one.stored]), [['bobs', 'missing']]);
    const found = doctor(worker, state);
    assert.equal(found.ok, false);
    assert.equal(found.vault_store[0].state, 'fail');
    assert.match(found.vault_store[0].remedy, /agentkeys-worker ledger verify/);
    assert.deepEqual(found.credential.map((one) => one.seen).sort(), ['github v1: its file is altered', 'mail v1: its file is missing', 'openrouter v1: its file is altered']);
    assert.match(found.credential[0].remedy, /agentkeys store /);
    assert.ok(!JSON.stringify(found).includes('bobs'));
    assert.match(cli(worker, state, ['credentials', 'list']).stdout, /^mail .*ITS FILE IS missing$/m);
    const figures = await worker.metrics();
    assert.deepEqual([figures.vault_blobs, figures.vault_missing, figures.vault_altered, figures.vault_unreadable], [5, 2, 2, 0]);

    fs.cpSync(kept, dir, { recursive: true });
    await agree(worker); // by itself
    assert.ok(doctor(worker, state).credential === undefined);
    fs.rmSync(files.mail);
    flip(files.openrouter, 60);
    await worker.kill();
    await worker.start();
    await says(worker, /^differs: 1 missing, 1 altered$/); // at the start, though nobody read one
    for (const service of ['mail', 'openrouter']) assert.equal(cli(worker, state, ['store', service, '--file', '-'], 'anew').status, 0);
    await says(worker, /^differs: 1 missing, 1 altered$/); // older versions still, kept for a roll-back
    fs.cpSync(kept, dir, { recursive: true });
    await agree(worker);
    await worker.stop();
  });

  await test('the epoch store is read, too', async () => {
    const worker = await Worker.start();
    const owner = await worker.owner();
    assert.equal((await put(owner, 'a', 'value')).status, 200);
    const store = path.join(worker.dataDir, 'epochs.bin');
    const kept = fs.readFileSync(store);
    const [blob] = blobFiles(path.join(worker.dataDir, 'blobs'));
    const sound = fs.readFileSync(blob.file);
    fs.rmSync(blob.file); // so that the worker looks again, and again
    assert.equal((await read(owner, 'a')).error, 'tampered');
    for (const [name, spoil] of [['gone', () => fs.rmSync(store)], ['altered', () => flip(store, 100)], ['cut', () => fs.truncateSync(store, 99)]]) {
      spoil();
      await until(name, async () => /1 keys not in the epoch store/.test(await vaultStore(worker)), 15000, 20);
      fs.writeFileSync(store, kept);
    }
    fs.mkdirSync(path.dirname(blob.file), { recursive: true, mode: 0o700 }); // an empty folder goes
    fs.writeFileSync(blob.file, sound);
    await whole(worker, owner, { a: 'value' });
    await worker.stop();
  });

  await test('what nobody names is counted, the young allowed, and goes with the sweep', async () => {
    const worker = await Worker.start();
    const owner = await worker.owner();
    assert.equal((await put(owner, 'a', 'value')).status, 200);
    const [blob] = blobFiles(path.join(worker.dataDir, 'blobs'));
    const young = path.join(path.dirname(blob.file), `${blob.name.slice(0, 24)}${'7'.repeat(8)}.enc`);
    const old = path.join(path.dirname(blob.file), `000000000000${blob.name.slice(12)}`);
    for (const file of [young, old]) fs.copyFileSync(blob.file, file);
    fs.rmSync(blob.file);
    assert.equal((await read(owner, 'a')).error, 'tampered');
    await says(worker, /^differs: 1 missing$/);
    await until('the old one to be counted', async () => (await worker.metrics()).vault_orphans === 1, 10000, 50);
    fs.copyFileSync(young, blob.file);
    await agree(worker); // a file too much is no disagreement
    await worker.stop();
    await worker.start();
    await until('the sweep', () => !fs.existsSync(old), 10000, 50);
    assert.ok(fs.existsSync(young));
    await worker.stop();
  });

  await test('the store folder on a disk of its own: full, then read-only while in use', async () => {
    if (process.getuid() !== 0) skip('only root can mount a small disk');
    const worker = new Worker();
    worker.init();
    const dir = path.join(worker.dataDir, 'blobs');
    fs.mkdirSync(dir, { mode: 0o700 });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'agentkeys-e2e', dir], { encoding: 'utf8' });
    if (mounted.status !== 0) skip(`no small disk can be mounted here: ${mounted.stderr?.trim() ?? mounted.error}`);
    atEnd(() => spawnSync('umount', ['-l', dir]));
    await worker.start();
    const owner = await worker.owner();
    const values = { a: 'value a', b: 'value b' };
    for (const [service, value] of Object.entries(values)) assert.equal((await put(owner, service, value)).status, 200);
    const filler = path.join(dir, 'filler');
    try {
      for (let i = 0; i < 64; i++) fs.appendFileSync(filler, Buffer.alloc(65536));
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
    }
    try {
      for (;;) fs.appendFileSync(filler, Buffer.alloc(512));
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
    }
    const refused = await put(owner, 'a', Buffer.alloc(60000, 1));
    assert.deepEqual([refused.status, refused.error], [507, 'storage_full'], refused.text);
    await agree(worker); // while it is full
    assert.equal((await readLater(owner, 'b')).value.toString(), 'value b');
    fs.rmSync(filler);
    await whole(worker, owner, values);

    const remount = (how) => assert.equal(spawnSync('mount', ['-o', `remount,${how}`, dir]).status, 0);
    remount('ro');
    const answer = await put(owner, 'b', 'never');
    assert.equal(answer.status, 503, answer.text);
    assert.equal((await rotate(owner)).status, 200); // keys lie elsewhere
    await agree(worker);
    for (const [service, value] of Object.entries(values)) assert.equal((await readLater(owner, service)).value.toString(), value);
    assert.ok((await epochs(owner)).find((one) => one.state === 'old').blobs > 0, 'nothing moved');
    remount('rw');
    await until('the move', async () => (await epochs(owner)).find((one) => one.state === 'old')?.blobs === 0, 30000, 50);
    await whole(worker, owner, values);
    assert.equal(await worker.stop(), 0);
  });

  await test('the store folder gone while in use, and back at the next start', async () => {
    const worker = await Worker.start();
    const owner = await worker.owner();
    assert.equal((await put(owner, 'a', 'value')).status, 200);
    const dir = path.join(worker.dataDir, 'blobs');
    const kept = tempDir();
    fs.cpSync(dir, kept, { recursive: true });
    fs.rmSync(dir, { recursive: true });
    assert.equal((await read(owner, 'a')).status, 503);
    assert.equal((await put(owner, 'b', 'never')).status, 503);
    await says(worker, /^differs: 1 unreadable$/);
    assert.equal(doctor(worker).vault_store[0].state, 'fail');
    await worker.stop();
    fs.cpSync(kept, dir, { recursive: true });
    await worker.start();
    await whole(worker, worker.again(owner), { a: 'value' });
    await worker.stop();
  });

  await test('reads and removals of stored files that fail for a while', async () => {
    needTracer();
    const worker = await Worker.start();
    const owner = await worker.owner();
    assert.equal((await put(owner, 'a', 'value')).status, 200);
    for (const [call, error] of [['openat2', 'EACCES'], ['renameat', 'EROFS'], ['unlinkat', 'EIO']]) {
      const fault = await inject(worker.children().keeper, call, `error=${error}`);
      const answer = call === 'openat2' ? await read(owner, 'a') : await put(owner, 'a', 'value');
      if (call !== 'unlinkat') assert.equal(answer.status, 503, `${call}: ${answer.text}`);
      if (call === 'openat2') await says(worker, /unreadable/);
      await fault.stop();
      assert.ok(call === 'unlinkat' || fault.injected() > 0, call);
      await agree(worker);
      assert.equal((await readLater(owner, 'a')).value.toString(), 'value', call);
    }
    await worker.stop();
  });
});
