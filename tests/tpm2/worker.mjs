#!/usr/bin/env node
// A worker whose state is sealed to a TPM: it starts on that chip, in that state, from the newest disk, and nowhere else.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { hex, sha256 } from '../e2e/lib/bytes.mjs';
import { assert, main, skip, test, until } from '../e2e/lib/check.mjs';
import { build, program, tempDir, Worker } from '../e2e/lib/worker.mjs';
import { Chip, missing } from './chip.mjs';

const reason = missing();
const onChip = (chip, more = {}) => new Worker({ env: chip.env(), ...more });

async function started(chip) {
  const worker = onChip(chip);
  worker.init();
  await worker.start();
  return worker;
}

function copy(worker, chip) {
  const dir = tempDir();
  fs.cpSync(worker.dataDir, path.join(dir, 'data'), { recursive: true, filter: (file) => !file.endsWith('-reserve') });
  return onChip(chip, { dir });
}

async function refuses(worker, pattern) {
  const failed = await worker.bootFail();
  assert.equal(failed.code, 1, failed.line);
  assert.match(failed.line, pattern);
}

async function startsAndStops(worker) {
  await worker.start();
  assert.equal(await worker.stop(), 0);
}

await main(async () => {
  if (reason) {
    await test('a worker on a TPM', () => skip(reason));
    return;
  }

  await test('init, serve, stop, serve; readyz claims what holds', async () => {
    const chip = await Chip.start();
    const worker = await started(chip);
    const owner = await worker.owner();
    const agent = await worker.agent(owner, 'agent-1');
    assert.equal((await agent.sign('one')).status, 200);
    assert.match(worker.logText(), /memory is not isolated/);
    assert.equal(await worker.stop(), 0);
    const from = performance.now();
    await worker.start();
    console.log(`# start with sealed state: ${Math.round(performance.now() - from)} ms`);
    await worker.renew(agent);
    assert.equal((await worker.again(agent).sign('two')).status, 200);
    assert.equal(await worker.stop(), 0);
    await chip.reboot();
    await startsAndStops(worker);
  });

  await test('disks of yesterday: stale_state, and today\'s still starts', async () => {
    const chip = await Chip.start();
    const worker = await started(chip);
    const owner = await worker.owner();
    const old = [copy(worker, chip)]; // while it runs
    await worker.agent(owner, 'agent-1');
    await owner.must('agent-suspend', { label: 'agent-1' });
    old.push(copy(worker, chip));
    await worker.kill();
    old.push(copy(worker, chip)); // after a crash, before the start that advances
    await startsAndStops(worker);
    for (const disk of old) await refuses(disk, /^BOOT_FAIL stale_state: /);
    fs.copyFileSync(path.join(old[1].dataDir, 'sealed.bin'), path.join(old[2].dataDir, 'sealed.bin'));
    await refuses(old[2], /^BOOT_FAIL stale_state: /);
    await startsAndStops(worker);
  });

  await test('another chip, and one that was cleared: foreign_counter', async () => {
    const chip = await Chip.start();
    const worker = onChip(chip);
    worker.init();
    const other = await Chip.start();
    await refuses(copy(worker, other), /^BOOT_FAIL foreign_counter: .*another machine/);
    onChip(other).init(); // now it has a counter at the same index
    await refuses(copy(worker, other), /^BOOT_FAIL foreign_counter: /);
    await startsAndStops(worker);
    chip.tool('tpm2_clear');
    await refuses(worker, /^BOOT_FAIL foreign_counter: /);
  });

  // What only the host of an emulated chip can do: its inside of yesterday, under the disk of today.
  await test('a chip that was turned back: counter_behind under today\'s disk; under yesterday\'s nobody notices', async () => {
    const chip = await Chip.start();
    const worker = onChip(chip);
    worker.init();
    const yesterday = copy(worker, chip);
    await chip.off();
    const kept = tempDir();
    fs.cpSync(chip.dir, kept, { recursive: true });
    await chip.on();
    chip.firmware();
    await startsAndStops(worker);
    await chip.off();
    fs.cpSync(kept, chip.dir, { recursive: true });
    await chip.on();
    chip.firmware();
    await refuses(worker, /^BOOT_FAIL counter_behind: /);
    await startsAndStops(yesterday); // not held, and the threat model says so
  });

  await test('another boot state: pcr_changed says which register', async () => {
    const chip = await Chip.start();
    const worker = onChip(chip);
    worker.init();
    for (const [pcr, what] of [[0, 'firmware'], [2, 'firmware of cards'], [4, 'boot loader'], [7, 'Secure Boot']]) {
      chip.extend(pcr, 9);
      await refuses(worker, new RegExp(`^BOOT_FAIL pcr_changed: .*PCR ${pcr} \\(${what}.*docs/operations.md`));
      await chip.reboot();
    }
    await startsAndStops(worker);
    chip.extend(1, 9); // not measured
    await startsAndStops(worker);
  });

  await test('another program: pcr_changed names register 23', async () => {
    const chip = await Chip.start();
    const worker = onChip(chip);
    worker.init();
    const changed = path.join(tempDir(), 'agentkeys-worker');
    fs.copyFileSync(program, changed);
    fs.appendFileSync(changed, '\0');
    const ran = spawnSync(changed, ['ledger', 'verify', '--data-dir', worker.dataDir], { env: worker.env, encoding: 'utf8' });
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /^BOOT_FAIL pcr_changed: .*PCR 23 \(the program agentkeys-worker\)/);
    assert.equal(worker.command(['ledger', 'verify', '--data-dir', worker.dataDir]).status, 0);
  });

  await test('evidence holds under its policy, and under no other', async () => {
    const chip = await Chip.start();
    const worker = onChip(chip);
    worker.init();
    const asked = randomBytes(64);
    const dir = path.join(worker.dir, 'evidence');
    const ran = worker.command(['evidence', hex(asked), dir, '--data-dir', worker.dataDir]);
    assert.equal(ran.status, 0, ran.stderr);
    const file = (name) => path.join(dir, name);
    const area = fs.readFileSync(file('ak.public')).subarray(2);
    const pcrs = fs.readFileSync(file('pcrs.bin'));
    const images = [Object.fromEntries([0, 2, 4, 7, 23].map((pcr, i) => [`pcr${pcr}`, hex(pcrs.subarray(32 * i, 32 * i + 32))]))];
    assert.equal(images[0].pcr23, hex(sha256(Buffer.alloc(32), sha256(fs.readFileSync(program)))));
    const good = { images, nonce: hex(sha256(asked)), tpm: { ak_names: [`000b${hex(sha256(area))}`], pcrs: [0, 2, 4, 7, 23] } };
    const verify = (policy) => {
      fs.writeFileSync(file('policy.json'), JSON.stringify(policy));
      const verdict = spawnSync(path.join(build, 'src/programs/cli/agentkeys'), ['attest', 'verify', file('quote.attest'), '--kind', 'tpm',
        '--signature', file('quote.sig'), '--ak-public', file('ak.public'), '--pcrs', file('pcrs.bin'), '--policy', file('policy.json')],
      { env: worker.env, encoding: 'utf8' });
      return { status: verdict.status, text: verdict.stdout + verdict.stderr };
    };
    const accepted = verify(good);
    assert.equal(accepted.status, 0, accepted.text);
    assert.equal(verify({ ...good, nonce: hex(sha256(randomBytes(64))) }).status, 3);
    assert.equal(verify({ ...good, images: [{ ...images[0], pcr23: '00'.repeat(32) }] }).status, 3);
    assert.equal(verify({ ...good, tpm: { ...good.tpm, ak_names: [`000b${'00'.repeat(32)}`] } }).status, 3);
    for (const args of [[], ['00'], [hex(asked)], [hex(asked).slice(2), dir]]) assert.equal(worker.command(['evidence', ...args]).status, 2);
    const software = new Worker();
    software.init();
    assert.match(software.command(['evidence', hex(asked), dir, '--data-dir', software.dataDir]).stderr, /^BOOT_FAIL no_evidence: /);
  });

  await test('kill -9 at any time locks nobody out, also without a resource manager', async () => {
    const chip = await Chip.start();
    const worker = await started(chip);
    let owner = await worker.owner();
    for (let i = 0; i < 5; i++) {
      const changes = worker.agent(owner, `agent-${i}`).then(() => owner.must('agent-suspend', { label: `agent-${i}` })).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 15 * i));
      await worker.kill();
      await changes;
      worker.launch();
      await new Promise((resolve) => setTimeout(resolve, 60 * i)); // in the middle of a start
      await worker.kill();
      await worker.start();
      owner = worker.again(owner);
      await owner.must('agents', {});
    }
    assert.equal(await worker.stop(), 0);
  });

  await test('the connection cut at any command: the next start goes on, none goes back', async () => {
    const chip = await Chip.start();
    const worker = onChip(chip);
    worker.init();
    const verify = () => worker.command(['ledger', 'verify', '--data-dir', worker.dataDir]);
    const before = chip.commands;
    assert.equal(verify().status, 0);
    const whole = chip.commands - before;
    for (let n = 2; n < whole; n += 3) {
      chip.cutAt(n, n % 2 === 0);
      const cut = verify();
      assert.notEqual(cut.status, 0, `command ${n} of ${whole}`);
      assert.match(cut.stderr, /^BOOT_FAIL (tee_unavailable|data_dir_io)|^$/, `command ${n}`);
      const next = verify();
      assert.equal(next.status, 0, `after command ${n}: ${next.stderr}`);
    }
    console.log(`# ${whole} commands from opening to the end`);
  });

  await test('a copy that runs beside it: the original stops serving within 5 s', async () => {
    const chip = await Chip.start();
    const worker = await started(chip);
    const clone = copy(worker, chip);
    const from = performance.now();
    const ran = clone.command(['ledger', 'verify', '--data-dir', clone.dataDir]);
    if (ran.status !== 0) return skip(`the copy was not whole: ${ran.stderr}`);
    await until('the original to stop', () => worker.exited, 15000);
    const took = performance.now() - from;
    assert.match(worker.logText(), /"event":"(counter_moved|seal_failed)"/);
    assert.match(worker.logText(), /BOOT_FAIL stale_state: /);
    assert.ok(took < 8000, `${took} ms`);
    await startsAndStops(clone);
  });

  await test('a slow chip does not hold up signing; one that is gone ends the serving', async () => {
    const chip = await Chip.start();
    const worker = await started(chip);
    const owner = await worker.owner();
    const agent = await worker.agent(owner, 'agent-1');
    chip.child.kill('SIGSTOP');
    const until6 = performance.now() + 6000; // past one check
    let signed = 0;
    while (performance.now() < until6) {
      const at = performance.now();
      assert.equal((await agent.sign(`slow ${signed++}`)).status, 200);
      assert.ok(performance.now() - at < 500);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    chip.child.kill('SIGCONT');
    await owner.must('agent-suspend', { label: 'agent-1' });
    await chip.off();
    await until('the worker to end', () => worker.exited, 20000);
    assert.match(worker.logText(), /"event":"counter_unreadable"/);
    assert.match(worker.logText(), /BOOT_FAIL tee_unavailable: .*no connection to the TPM/);
    await chip.on();
    chip.firmware();
    await startsAndStops(worker);
  });

  await test('a chip that is away, full, locked out, or has an owner\'s password', async () => {
    const chip = await Chip.start();
    const worker = onChip(chip);
    worker.init();
    await chip.off();
    await refuses(worker, /^BOOT_FAIL tee_unavailable: .*no connection to the TPM/);
    await chip.on();
    chip.firmware();
    for (let i = 0; i < 3; i++) chip.tool('tpm2_createprimary', '-c', `full-${i}.ctx`); // all slots taken
    await startsAndStops(worker);
    chip.tool('tpm2_dictionarylockout', '-s', '-n', '1', '-t', '1000', '-l', '1000');
    spawnSync('tpm2_unseal', ['-c', 'nothing'], { cwd: chip.dir });
    await startsAndStops(worker);
    chip.tool('tpm2_changeauth', '-c', 'owner', 'password');
    await refuses(worker, /^BOOT_FAIL tee_unavailable: .*owner hierarchy has a password/);
    chip.tool('tpm2_changeauth', '-c', 'owner', '-p', 'password');
    await startsAndStops(worker);
    const elsewhere = onChip(chip, { env: { ...chip.env(), AGENTKEYS_TEE_TCTI: 'cmd:true' } });
    assert.match(elsewhere.command(['init', '--data-dir', elsewhere.dataDir]).stderr, /tee_unavailable: .*tee.tcti must be device:/);
  });

  await test('a sealed file altered at each part, of another backend, and settings that lie', async () => {
    const chip = await Chip.start();
    const worker = onChip(chip);
    worker.init();
    const file = path.join(worker.dataDir, 'sealed.bin');
    const good = fs.readFileSync(file);
    for (const at of [0, 40, 70, 110, 140, 150, 320, 400, 500, good.length - 1]) {
      const bad = Buffer.from(good);
      bad[at] ^= 1;
      fs.writeFileSync(file, bad);
      const ran = worker.command(['ledger', 'verify', '--data-dir', worker.dataDir]);
      assert.equal(ran.status, 1, `byte ${at}`);
      assert.match(ran.stderr, /^BOOT_FAIL (sealed_state_damaged|pcr_changed): /, `byte ${at}`);
    }
    fs.writeFileSync(file, good);
    const software = new Worker({ dataDir: worker.dataDir });
    assert.match(software.command(['ledger', 'verify', '--data-dir', worker.dataDir]).stderr, /^BOOT_FAIL (no_sealed_state|foreign_backend): /);
    await startsAndStops(worker);
  });
});
