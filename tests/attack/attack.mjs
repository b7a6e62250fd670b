#!/usr/bin/env node
// The attack of docs/threat-model.md on stored credentials (I13): a worker lives through some epochs, and everything it has on
// its disk is copied at every step. Then a thief (attacker.mjs) gets the master secret, today's folder, every old copy of it, the
// ledger and all ciphertext ever written, but no old copy of the erasure slots. He must open what lives, and nothing whose epoch
// was destroyed. The control gets the old slots too and opens all of it: so the test can fail, and it shows what a slot that
// nobody can copy takes away. AK_ATTACK_JSON names a file for the figures. With a TPM's slots: tests/tpm2/attack.mjs.
import fs from 'node:fs';
import path from 'node:path';
import { assert, main, test } from '../e2e/lib/check.mjs';
import { tempDir, Worker } from '../e2e/lib/worker.mjs';
import { attack, Copies, liveThrough, mustHold } from './life.mjs';

await main(async () => {
  const worker = await Worker.start();
  const slotDir = `${worker.dataDir}-slots`;
  const owner = await worker.owner();
  const agent = await worker.agent(owner, 'agent-1', { scope: ['service-0', 'service-3'] });
  const copies = new Copies(worker, (to) => fs.cpSync(slotDir, to, { recursive: true }));
  copies.take();
  let values;
  await test('a worker stores, rotates, moves and destroys', async () => {
    values = await liveThrough({ worker, owner, agent, copies, live: 12, rounds: 3 });
    assert.equal(await worker.stop(), 0);
    copies.take();
  });

  const figures = await mustHold(test, { copies, values, live: 12, current: 4, slots: [slotDir], oldSlots: () => copies.slots });

  await test('with the slots but without the master secret nothing opens', async () => {
    const without = copies.data.map((dir) => {
      const copy = tempDir();
      fs.cpSync(dir, path.join(copy, 'data'), { recursive: true, filter: (file) => !file.endsWith('sealed.bin') });
      return path.join(copy, 'data');
    });
    assert.equal(attack(without, [slotDir, ...copies.slots]).opened.length, 0);
  });

  if (process.env.AK_ATTACK_JSON) fs.writeFileSync(process.env.AK_ATTACK_JSON, `${JSON.stringify(figures)}\n`);
});
