// A worker that lives through some epochs while everything it has on its disk is copied at every step, and the thief
// (attacker.mjs) who gets the copies: what the attack on the software slots and the one on a TPM's share.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, until } from '../e2e/lib/check.mjs';
import { hex, sha256 } from '../e2e/lib/bytes.mjs';
import { blobFiles, destroy, epochs, put, read, rotate } from '../e2e/lib/vault.mjs';
import { tempDir } from '../e2e/lib/worker.mjs';

const attacker = path.join(path.dirname(fileURLToPath(import.meta.url)), 'attacker.mjs');

// Everything on the disk now, kept for the thief.
export class Copies {
  // `takeSlots` copies the erasure slots, in whatever they are, into a folder.
  constructor(worker, takeSlots) {
    this.worker = worker;
    this.takeSlots = takeSlots;
    this.data = [];
    this.slots = [];
  }

  // A blob that is written and deleted between two copies is missed by this one, so every step is followed by one.
  take() {
    const dir = tempDir();
    fs.cpSync(this.worker.dataDir, path.join(dir, 'data'), { recursive: true, filter: (file) => !/-reserve$|-shm$|\/lock$|\.tmp$/.test(file), force: true });
    this.takeSlots(path.join(dir, 'slots'));
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

// What the thief opens: data folders, folders of slots, and keys that a TEE gave out for its sealed states.
export function attack(data, slots, keks = []) {
  const run = spawnSync(process.execPath, ['--no-warnings', attacker, '--data', ...data, '--slots', ...slots, '--kek', ...keks], { encoding: 'utf8', maxBuffer: 1 << 26, timeout: 300000 });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

async function sweepDone(owner, epoch) {
  await until(`epoch ${epoch} to be empty`, async () => {
    const found = (await epochs(owner)).find((one) => one.epoch === epoch);
    return !found || found.blobs === 0 || found.state === 'destroyed';
  }, 60000, 50);
}

export async function liveThrough({ worker, owner, agent, copies, live, rounds }) {
  const values = new Map();
  const store = async (service, text, place = '') => {
    const answer = await put(owner, service, text, place);
    assert.equal(answer.status, 200, answer.text);
    values.set(`${place}:${service}`, text);
    copies.take();
  };
  for (let i = 0; i < live; i++) await store(`service-${i}`, `value ${i} of the first epoch`, i % 3 === 0 ? '/agent-1' : '');
  await store('deleted', 'a value that was deleted');
  for (let round = 1; round <= rounds; round++) {
    assert.equal((await rotate(owner)).status, 200);
    copies.take();
    for (let i = 0; i < Math.min(4, live); i++) await store(`service-${i}`, `value ${i} of round ${round}`, i % 3 === 0 ? '/agent-1' : '');
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

// The attack and its control on a worker that has stopped in epoch `current`: {live, live_of, destroyed, …} once all hold.
export async function mustHold(test, { copies, values, live, current, slots, oldSlots, keks = [] }) {
  const destroyed = copies.ciphertext().filter((blob) => blob.epoch < current);
  const wanted = new Set([...values.values()].map((text) => hex(sha256(Buffer.from(text)))));
  const figures = {};
  await test('the thief opens what lives, and nothing that was destroyed (I13)', async () => {
    assert.ok(destroyed.length >= (current - 1) * live, `only ${destroyed.length} blobs of destroyed epochs were kept`);
    const { opened, secrets, stores } = attack(copies.data, slots, keks);
    assert.ok(secrets >= 1 && stores >= current, `${secrets} secrets, ${stores} epoch stores`);
    const got = new Set(opened.filter((one) => one.epoch === current).map((one) => one.value));
    figures.live = [...wanted].filter((value) => got.has(value)).length;
    figures.live_of = wanted.size;
    figures.destroyed = opened.filter((one) => one.epoch < current).length;
    figures.destroyed_of = destroyed.length;
    assert.equal(figures.live, figures.live_of);
    assert.equal(figures.destroyed, 0);
  });
  await test('the control, with every old copy of the slots, opens all of it', async () => {
    const { opened } = attack(copies.data, [...slots, ...oldSlots()], keks);
    figures.control = opened.filter((one) => one.epoch < current).length;
    figures.control_of = destroyed.length;
    assert.equal(figures.control, figures.control_of);
  });
  console.log(`     opened ${figures.live} of ${figures.live_of} live, ${figures.destroyed} of ${figures.destroyed_of} destroyed, control ${figures.control} of ${figures.control_of}`);
  return figures;
}
