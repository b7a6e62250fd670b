#!/usr/bin/env node
// The attack of tests/attack on a worker whose erasure slots are NV indices of a TPM (I13): the thief has the machine as it is
// now (its TPM unseals the master secret for him, by tpm2-tools and docs/formats/sealed.md alone), today's folder, every old copy
// of it, the ledger, all ciphertext ever written, and reads both slots. What he has not is what the chip held inside earlier. The
// control has that, too: old copies of swtpm's state folder, which stands for the inside of a chip here and is a file only because
// this chip is a test's; a real one gives nobody a copy.
import fs from 'node:fs';
import path from 'node:path';
import { assert, main, skip, test } from '../e2e/lib/check.mjs';
import { tempDir, Worker } from '../e2e/lib/worker.mjs';
import { Copies, liveThrough, mustHold } from '../attack/life.mjs';
import { Chip, missing } from './chip.mjs';

const reason = missing();

function baseOf(worker) {
  const file = fs.readFileSync(path.join(worker.dataDir, 'tee/tpm2'));
  assert.equal(file.subarray(0, 6).toString(), 'AKTPM2');
  return file.readUInt32BE(8);
}

// What the chip gives whoever may talk to it; a slot that was never written gives nothing.
function readSlots(chip, base, to) {
  fs.mkdirSync(to, { recursive: true });
  for (const n of [1, 2]) {
    try {
      chip.tool('tpm2_nvread', `0x${(base + n).toString(16)}`, '-o', path.join(to, `slot${n - 1}`));
    } catch (error) {
      assert.match(error.message, /before being initialized/);
    }
  }
}

// The key of the sealed state, unsealed as the format says.
function unseal(chip, worker) {
  const sealed = fs.readFileSync(path.join(worker.dataDir, 'sealed.bin'));
  const blob = sealed.subarray(146, 146 + sealed.readUInt16BE(144)).subarray(5 * 32);
  const publicLen = 2 + blob.readUInt16BE(0);
  const file = (name, bytes) => fs.writeFileSync(path.join(chip.dir, name), bytes);
  file('key.pub', blob.subarray(0, publicLen));
  file('key.priv', blob.subarray(publicLen));
  file('n', sealed.subarray(12, 20));
  const run = (...command) => {
    chip.tool(...command);
    chip.tool('tpm2_flushcontext', '-t');
  };
  run('tpm2_createprimary', '-C', 'o', '-G', 'ecc256:aes128cfb', '-a', 'restricted|decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda', '-c', 'primary');
  run('tpm2_load', '-C', 'primary', '-u', 'key.pub', '-r', 'key.priv', '-c', 'key');
  chip.tool('tpm2_startauthsession', '--policy-session', '-S', 'session');
  run('tpm2_policypcr', '-S', 'session', '-l', 'sha256:0,2,4,7,23');
  run('tpm2_policynv', '-S', 'session', '-i', 'n', `0x${baseOf(worker).toString(16)}`, 'ule');
  const kek = path.join(tempDir(), 'kek');
  run('tpm2_unseal', '-c', 'key', '-p', 'session:session', '-o', kek);
  assert.equal(fs.statSync(kek).size, 32);
  return kek;
}

// The slots as old copies of the chip's inside hold them.
async function slotsOf(insides, base) {
  const found = [];
  for (const inside of insides) {
    const old = await Chip.start(undefined, inside);
    const to = tempDir();
    readSlots(old, base, to);
    found.push(to);
    await old.off();
  }
  return found;
}

await main(async () => {
  if (reason) {
    await test('the attack on a TPM\'s slots', () => skip(reason));
    return;
  }
  const chip = await Chip.start();
  const worker = new Worker({ env: chip.env() });
  worker.init();
  await worker.start();
  const owner = await worker.owner();
  const agent = await worker.agent(owner, 'agent-1', { scope: ['service-0', 'service-3'] });
  const insides = new Map(); // of the chip, one for each content
  const copies = new Copies(worker, () => {
    const to = tempDir();
    fs.cpSync(chip.dir, to, { recursive: true, filter: (file) => !file.endsWith('.lock') });
    const slots = path.join(to, 'slots');
    readSlots(chip, baseOf(worker), slots);
    const now = fs.readdirSync(slots).map((name) => fs.readFileSync(path.join(slots, name)).toString('hex')).join();
    if (!insides.has(now)) insides.set(now, to);
    fs.rmSync(slots, { recursive: true });
  });
  copies.take();
  let values;
  await test('a worker on a TPM stores, rotates, moves and destroys', async () => {
    values = await liveThrough({ worker, owner, agent, copies, live: 4, rounds: 2 });
    assert.equal(await worker.stop(), 0);
    copies.take();
  });

  const base = baseOf(worker);
  const slots = tempDir();
  readSlots(chip, base, slots);
  const keks = [unseal(chip, worker)];
  const old = await slotsOf(insides.values(), base);
  await mustHold(test, { copies, values, live: 4, current: 3, slots: [slots], oldSlots: () => old, keks });
});
