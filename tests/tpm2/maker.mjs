#!/usr/bin/env node
// A TPM that the host emulates: with ek_roots set the worker starts only on a chip that a maker named there has certified, and whose
// endorsement key answers. No certificate, another maker's, one that was copied: refused by name, at init and at each start.
import fs from 'node:fs';
import path from 'node:path';
import { assert, main, skip, test } from '../e2e/lib/check.mjs';
import { tempDir, Worker } from '../e2e/lib/worker.mjs';
import { Chip, Maker, missing } from './chip.mjs';

const reason = missing();

const init = (chip, roots, dir = tempDir()) => {
  const worker = new Worker({ dir, env: chip.env() });
  const made = worker.command(['init', '--data-dir', worker.dataDir, ...(roots ? ['--ek-roots', roots] : [])]);
  return { worker, made, line: made.stderr.split('\n').find((one) => one.startsWith('BOOT_FAIL')) ?? '' };
};

const notHeld = async (worker) => (await (await fetch(`${worker.url}/readyz`)).json()).capabilities_not_held;

await main(async () => {
  if (reason) skip(reason);
  const maker = new Maker();
  const genuine = await Chip.start(maker);
  const bare = await Chip.start();
  let worker;

  await test('a chip of the maker is taken, at init and at start', async () => {
    const first = init(genuine, maker.file);
    assert.equal(first.made.status, 0, first.made.stderr);
    worker = first.worker;
    worker.args = ['--ek-roots', maker.file];
    await worker.start();
    assert.ok(!(await notHeld(worker)).includes('maker'));
    await worker.stop();
    genuine.set('delay', 0);
    await genuine.reboot();
    await worker.start();
    await worker.stop();
  });

  await test('without ek_roots nobody is told that the chip is a maker\'s', async () => {
    const { worker: other, made } = init(bare);
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stdout, /not shown to be of a maker/);
    await other.start();
    assert.ok((await notHeld(other)).includes('maker'));
    assert.match(other.logText(), /tpm_not_shown_to_be_of_a_maker/);
    await other.stop();
  });

  await test('a chip without a certificate is refused', async () => {
    const { made, line } = init(bare, maker.file);
    assert.equal(made.status, 1);
    assert.match(line, /^BOOT_FAIL tpm_unknown_maker: ek_roots=.*no certificate of its endorsement key/);
  });

  await test('a chip of another maker is refused', async () => {
    const other = new Maker();
    const foreign = await Chip.start(other);
    assert.match(init(foreign, maker.file).line, /^BOOT_FAIL tpm_unknown_maker: .*of none of ek_roots/);
    assert.equal(init(foreign, other.file).made.status, 0);
  });

  await test('a certificate that was copied to another chip is refused', async () => {
    const bytes = genuine.nvRead(0x01c00002);
    bare.nvWrite(0x01c00002, bytes);
    assert.match(init(bare, maker.file).line, /^BOOT_FAIL tpm_unknown_maker: .*a copied certificate/);
    bytes[bytes.length - 20] ^= 1;
    bare.nvWrite(0x01c00002, bytes);
    assert.match(init(bare, maker.file).line, /^BOOT_FAIL tpm_unknown_maker: .*of none of ek_roots/);
  });

  await test('a chip whose only certificate is of its P-256 key', async () => {
    const chip = await Chip.start();
    maker.certifyEcc(chip);
    const first = init(chip, maker.file);
    assert.equal(first.made.status, 0, first.made.stderr);
    await first.worker.start(['--ek-roots', maker.file]);
    assert.ok(!(await notHeld(first.worker)).includes('maker'));
    await first.worker.stop();
    const other = new Maker();
    other.certify(tempDir());
    assert.match(init(chip, other.file).line, /^BOOT_FAIL tpm_unknown_maker: .*of none of ek_roots/);
    other.certifyEcc(genuine); // its RSA key is of one maker, its P-256 key of another: either will do
    assert.equal(init(genuine, other.file).made.status, 0);
    const thief = await Chip.start();
    thief.nvWrite(0x01c0000a, chip.nvRead(0x01c0000a));
    assert.match(init(thief, maker.file).line, /^BOOT_FAIL tpm_unknown_maker: .*a copied certificate/);
    const swapped = await Chip.start();
    swapped.nvWrite(0x01c0000a, genuine.nvRead(0x01c00002)); // in the other one's place
    assert.match(init(swapped, maker.file).line, /^BOOT_FAIL tpm_unknown_maker: .*NV 0x1c0000a is not for a key of P-256/);
  });

  await test('the makers are part of what is fixed', async () => {
    const other = new Maker();
    other.certify(tempDir());
    assert.match((await worker.bootFail(['--ek-roots', other.file])).line, /^BOOT_FAIL trust_config: ek_roots=/);
    worker.args = [];
    assert.match((await worker.bootFail()).line, /^BOOT_FAIL trust_config: ek_roots=: the sealed configuration names makers/);
    const both = path.join(tempDir(), 'both.pem');
    fs.writeFileSync(both, fs.readFileSync(other.file, 'utf8') + fs.readFileSync(maker.file, 'utf8'));
    await worker.start(['--ek-roots', both]); // one more certificate in the file is not trusted for that
    await worker.stop();
    const plain = init(bare);
    assert.match((await plain.worker.bootFail(['--ek-roots', maker.file])).line, /^BOOT_FAIL trust_config: ek_roots=/);
  });
});
