#!/usr/bin/env node
// The backend's calls on a software TPM; and that what a slot held is in none of the chip's own files once it was erased.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { hex } from '../e2e/lib/bytes.mjs';
import { assert, main, skip, test } from '../e2e/lib/check.mjs';
import { build } from '../e2e/lib/worker.mjs';
import { Chip, missing } from './chip.mjs';

const reason = missing();
const program = path.join(build, 'tests/tpm2-ops');

await main(async () => {
  await test('the calls of the tpm2 backend', async () => {
    if (reason) skip(reason);
    if (!fs.existsSync(program)) skip('built without tpm2-tss');
    const chip = await Chip.start();
    const direct = { AGENTKEYS_TEE_TCTI: `swtpm:host=127.0.0.1,port=${chip.real}` }; // some ten thousand commands, of one process
    const ran = spawnSync(program, [], { encoding: 'utf8', timeout: 300000, env: { ...process.env, ...chip.env(), ...direct } });
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    const left = fs.readdirSync(chip.dir).map((name) => fs.readFileSync(path.join(chip.dir, name)));
    for (const bytes of left) assert.ok(!bytes.includes(Buffer.alloc(64, 0xa1)), 'an overwritten slot is in the chip\'s files');
  });

  // As somebody would who has wires on a discrete chip, and only listens. The control passes the same way, but in clear.
  await test('a tap between worker and chip sees no sealed key and no slot', async () => {
    if (reason) skip(reason);
    if (!fs.existsSync(program)) skip('built without tpm2-tss');
    const chip = await Chip.start();
    chip.set('tap', 1);
    for (const one of ['opens_at_its_number_and_the_one_before', 'slots_hold_and_forget']) {
      const ran = spawnSync(program, [one], { encoding: 'utf8', timeout: 120000, env: { ...process.env, ...chip.env() } });
      assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    }
    const seen = fs.readFileSync(chip.tap);
    const kek = Buffer.from(`5e01${'00'.repeat(30)}`, 'hex');
    const slots = [0xa1, 0xb2].map((byte) => Buffer.alloc(16, byte));
    assert.ok(seen.length > 20000, `${seen.length} bytes`);
    for (const secret of [kek, ...slots]) assert.ok(!seen.includes(secret), hex(secret));
    const plain = Buffer.concat([Buffer.from('80010000001c000001460010', 'hex'), slots[0]]); // TPM2_StirRandom
    await new Promise((resolve) => {
      const socket = net.connect(chip.port, '127.0.0.1', () => socket.write(plain));
      socket.on('data', () => resolve(socket.destroy()));
    });
    assert.ok(fs.readFileSync(chip.tap).includes(slots[0]));
    chip.set('tap', 0);
  });
});
