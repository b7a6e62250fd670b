#!/usr/bin/env node
// The attack of docs/threat-model.md on stored credentials (I13): a worker lives through some epochs, and everything it has on
// its disk is copied at every step. Then a thief (attacker.mjs) gets the master secret, today's folder, every old copy of it, the
// ledger and all ciphertext ever written, but no old copy of the erasure slots. He must open what lives, and nothing whose epoch
// was destroyed. The control gets the old slots too and opens all of it: so the test can fail, and it shows what a slot that
// nobody can copy takes away. AK_ATTACK_JSON names a file for the figures.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, main, test, until } from '../e2e/lib/check.mjs';
import { hex, sha256 } from '../e2e/lib/bytes.mjs';
import { blobFiles, destroy, epochs, put, read, rotate } from '../e2e/lib/vault.mjs';
import { tempDir, Worker } from '../e2e/lib/worker.mjs';

const attacker = path.join(path.dirname(fileURLToPath(import.meta.url)), 'attacker.mjs');
const live = 12;

// Everything on the disk now, kept for the thief.
class Copies {
  constructor(worker, slotDir) {
    this.worker = worker;
    this.slotDir = slotDir;
    this.data = [];
    this.slots = [];
  }

  // A blob that is written and deleted between two copies is missed by this one, so every step is followed by one.
  take() {
    const dir = tempDir();
    fs.cpSync(this.worker.dataDir, path.join(dir, 'data'), { recursive: true, filter: (file) => !/-reserve$|-shm$|\/lock$|\.tmp$/.test(file), force: true });
    fs.cpSync(this.slotDir, path.join(dir, 'slots'), { recursive: true });
    this.data.push(path.join(dir, 'data'));
    this.slots.push(path.join(dir, 'slots'));
  }

  // All ciphertext ever written, by what is in it.
  ciphertext() {
    const all = new Map();
    for (const dir of this.data) for (const blob of blobFiles(path.join(dir, 'blobs'))) all.set(blob.hash, blob);
    return [...all.values()];
  }
}

function attack(data, slots) {
  const run = spawnSync(process.execPath, ['--no-warnings', attacker, '--data', ...data, '--slots', ...slots], { encoding: 'utf8', maxBuffer: 1 << 26, timeout: 300000 });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

async function sweepDone(owner, epoch) {
  await until(`epoch ${epoch} to be empty`, async () => {
    const found = (await epochs(owner)).find((one) => one.epoch === epoch);
    return !found || found.blobs === 0 || found.state === 'destroyed';
  }, 60000, 50);
}

async function live_through(worker, owner, agent, copies) {
  const values = new Map();
  const store = async (service, text, place = '') => {
    const answer = await put(owner, service, text, place);
    assert.equal(answer.status, 200, answer.text);
    values.set(`${place}:${service}`, text);
    copies.take();
  };
  for (let i = 0; i < live; i++) await store(`service-${i}`, `value ${i} of the first epoch`, i % 3 === 0 ? '/agent-1' : '');
  await store('deleted', 'a value that was deleted');
  for (let round = 1; round <= 3; round++) {
    assert.equal((await rotate(owner)).status, 200);
    copies.take();
    for (let i = 0; i < 4; i++) await store(`service-${i}`, `value ${i} of round ${round}`, i % 3 === 0 ? '/agent-1' : '');
    await read(agent, 'service-0');
    if (round === 1) assert.equal((await owner.call('credential-delete', { service: 'deleted' })).status, 200);
    if (round === 1) values.delete(':deleted');
    await sweepDone(owner, round);
    copies.take();
    const destroyed = await destroy(owner, round);
    assert.ok(destroyed.status === 200 || destroyed.error === 'already_done', destroyed.text);
    copies.take();
  }
  return values;
}

await main(async () => {
  const worker = await Worker.start();
  const slotDir = `${worker.dataDir}-slots`;
  const owner = await worker.owner();
  const agent = await worker.agent(owner, 'agent-1', { scope: ['service-0', 'service-3'] });
  const copies = new Copies(worker, slotDir);
  copies.take();
  let values;
  await test('a worker stores, rotates, moves and destroys', async () => {
    values = await live_through(worker, owner, agent, copies);
    assert.equal(await worker.stop(), 0);
    copies.take();
  });

  const current = 4;
  const all = copies.ciphertext();
  const destroyed = all.filter((blob) => blob.epoch < current);
  const wanted = new Set([...values.values()].map((text) => hex(sha256(Buffer.from(text)))));
  const figures = {};

  await test('the thief opens what lives, and nothing that was destroyed (I13)', async () => {
    assert.ok(destroyed.length >= 3 * live, `only ${destroyed.length} blobs of destroyed epochs were kept`);
    const { opened, secrets, stores } = attack(copies.data, [slotDir]);
    assert.ok(secrets >= 1 && stores > 3, `${secrets} secrets, ${stores} epoch stores`);
    const got = new Set(opened.filter((one) => one.epoch === current).map((one) => one.value));
    figures.live = [...wanted].filter((value) => got.has(value)).length;
    figures.live_of = wanted.size;
    figures.destroyed = opened.filter((one) => one.epoch < current).length;
    figures.destroyed_of = destroyed.length;
    assert.equal(figures.live, figures.live_of);
    assert.equal(figures.destroyed, 0);
  });

  await test('the control, with every old copy of the slots, opens all of it', async () => {
    const { opened } = attack(copies.data, [slotDir, ...copies.slots]);
    figures.control = opened.filter((one) => one.epoch < current).length;
    figures.control_of = destroyed.length;
    assert.equal(figures.control, figures.control_of);
  });

  await test('with the slots but without the master secret nothing opens', async () => {
    const without = copies.data.map((dir) => {
      const copy = tempDir();
      fs.cpSync(dir, path.join(copy, 'data'), { recursive: true, filter: (file) => !file.endsWith('sealed.bin') });
      return path.join(copy, 'data');
    });
    assert.equal(attack(without, [slotDir, ...copies.slots]).opened.length, 0);
  });

  console.log(`     opened ${figures.live} of ${figures.live_of} live, ${figures.destroyed} of ${figures.destroyed_of} destroyed, control ${figures.control} of ${figures.control_of}`);
  if (process.env.AK_ATTACK_JSON) fs.writeFileSync(process.env.AK_ATTACK_JSON, `${JSON.stringify(figures)}\n`);
});
