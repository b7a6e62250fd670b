#!/usr/bin/env node
// The backend's calls on a software TPM; and that what a slot held is in none of the chip's own files once it was erased.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
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
});
