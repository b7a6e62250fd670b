#!/usr/bin/env node
// What befalls a worker on a TPM: killed between any two of the chip's commands while it seals, rotates and erases; a sealed file
// that is cut, grown or another worker's; a chip without room, one that is locked out. Nothing live is lost, nothing that was
// destroyed comes back, and `agentkeys doctor` says that ledger and store agree.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { assert, main, skip, test, until } from '../e2e/lib/check.mjs';
import { agree } from '../e2e/lib/doctor.mjs';
import { destroy, epochs, put, readLater, rotate } from '../e2e/lib/vault.mjs';
import { build, Worker } from '../e2e/lib/worker.mjs';
import { Chip, missing } from './chip.mjs';

const reason = missing();
const cli = path.join(build, 'src/programs/cli/agentkeys');
const verify = (worker) => worker.command(['ledger', 'verify', '--data-dir', worker.dataDir]);

async function again(worker, owner) {
  return until('the owner', async () => {
    const one = worker.again(owner);
    if ((await one.call('account').catch(() => ({}))).status === 200) return one;
    one.close();
    return undefined;
  }, 20000, 10);
}

async function settled(client) {
  await until('the old epoch to be destroyed', async () => {
    const old = (await epochs(client)).find((one) => one.state === 'old');
    if (old?.blobs === 0) await destroy(client, old.epoch).catch(() => undefined);
    return !old;
  }, 20000, 20);
}

await main(async () => {
  if (reason) {
    await test('faults on a TPM', () => skip(reason));
    return;
  }

  await test('kill -9 between the chip\'s commands of sealing, rotating and erasing', async () => {
    const chip = await Chip.start();
    const worker = new Worker({ env: chip.env() });
    worker.init();
    await worker.start();
    const owner = await worker.owner();
    assert.equal((await put(owner, 'a', 'value')).status, 200);
    let destroyed = 0;
    for (let n = 1, whole = Infinity; n < whole; n += 5) {
      const client = await again(worker, owner);
      assert.equal((await rotate(client)).status, 200);
      await until('the move', async () => (await epochs(client)).find((one) => one.state === 'old')?.blobs === 0, 20000, 10);
      const { epoch } = (await epochs(client)).find((one) => one.state === 'old');
      await until('the chip to rest', async () => {
        const before = chip.commands;
        await new Promise((resolve) => setTimeout(resolve, 30));
        return chip.commands === before;
      }, 10000, 1);
      const from = chip.commands;
      chip.set('delay', 12);
      let done = false;
      const asked = destroy(client, epoch).then((answer) => { done = answer.status === 200; }, () => undefined);
      await until('its command', () => done || chip.commands >= from + n, 20000, 1);
      if (done) whole = n; // all of it is covered
      await worker.kill();
      chip.set('delay', 0);
      await asked;
      client.close();
      await worker.start();
      const after = await again(worker, owner);
      assert.equal((await readLater(after, 'a')).value.toString(), 'value', `killed at command ${n}`);
      await settled(after);
      await agree(worker);
      after.close();
      destroyed++;
    }
    console.log(`     ${destroyed} kills`);
    assert.ok(destroyed >= 3, `only ${destroyed}`);
    assert.equal(await worker.stop(), 0);
    assert.equal(verify(worker).status, 0);
  });

  await test('a sealed file that is cut, grown, or another worker\'s on the same chip', async () => {
    const chip = await Chip.start();
    const [worker, other] = [new Worker({ env: chip.env() }), new Worker({ env: chip.env() })];
    worker.init();
    other.init();
    const file = path.join(worker.dataDir, 'sealed.bin');
    const good = fs.readFileSync(file);
    const variants = [...[0, 1, 145, 146, 310, 400, 550, good.length - 1].map((len) => [`cut to ${len}`, good.subarray(0, len)]),
      ['grown', Buffer.concat([good, Buffer.alloc(1)])], ['twice', Buffer.concat([good, good])]];
    for (const [name, bytes] of variants) {
      fs.writeFileSync(file, bytes);
      const ran = verify(worker);
      assert.equal(ran.status, 1, name);
      assert.match(ran.stderr, /^BOOT_FAIL sealed_state_damaged: /, name);
    }
    fs.copyFileSync(path.join(other.dataDir, 'sealed.bin'), file);
    assert.match(verify(worker).stderr, /^BOOT_FAIL foreign_counter: /);
    fs.cpSync(path.join(other.dataDir, 'tee'), path.join(worker.dataDir, 'tee'), { recursive: true }); // with its counter
    assert.match(verify(worker).stderr, /^BOOT_FAIL ledger_damaged: /);
    assert.equal(verify(other).status === 0, false, 'its counter was advanced by that'); // a copy that ran beside it
    fs.writeFileSync(file, good);
  });

  await test('a chip that is locked out serves on; one without room for counter and slots says so', async () => {
    const chip = await Chip.start();
    const worker = new Worker({ env: chip.env() });
    worker.init();
    chip.tool('tpm2_dictionarylockout', '-s', '-n', '1', '-t', '1000', '-l', '1000');
    chip.tool('tpm2_createprimary', '-C', 'o', '-p', 'secret', '-c', 'guarded');
    chip.tool('tpm2_flushcontext', '-t');
    spawnSync('tpm2_create', ['-C', 'guarded', '-P', 'wrong', '-u', 'u', '-r', 'r'], { cwd: chip.dir, env: { ...process.env, TPM2TOOLS_TCTI: `swtpm:host=127.0.0.1,port=${chip.real}` } });
    assert.match(chip.tool('tpm2_getcap', 'properties-variable'), /inLockout:\s+1/);
    await worker.start();
    const owner = await worker.owner();
    assert.equal((await put(owner, 'a', 'value')).status, 200);
    assert.equal((await rotate(owner)).status, 200);
    await settled(owner);
    assert.equal((await readLater(owner, 'a')).value.toString(), 'value');
    assert.equal(await worker.stop(), 0);

    let index = 0x1500000;
    for (const size of ['2048', '512', '128', '32']) {
      for (let full = false; !full; index++) {
        try {
          chip.tool('tpm2_nvdefine', `0x${index.toString(16)}`, '-s', size, '-a', 'authread|authwrite');
        } catch {
          full = true;
        }
      }
    }
    const late = new Worker({ env: chip.env() });
    const made = late.command(['init', '--data-dir', late.dataDir]);
    assert.equal(made.status, 1, made.stdout);
    assert.match(made.stderr, /^BOOT_FAIL tee_unavailable: .*no NV space left/);
    await worker.start(); // who was there before is not touched
    assert.equal(await worker.stop(), 0);
  });

  await test('a stop keeps all that was acknowledged, or says that it could not; an export has all of it in any case', async () => {
    const chip = await Chip.start();
    const worker = new Worker({ env: chip.env() });
    worker.init();
    await worker.start();
    const owner = await worker.owner();
    const agent = await worker.agent(owner, 'agent-1');
    const acknowledged = []; // leaves
    const use = async (count) => {
      for (let i = 0; i < count; i++) {
        let answer; // after a stop that was not clean its bucket is empty at first
        await until('a signature', async () => (answer = await agent.call('sign-message', { omni_account: agent.account, message_hex: '00' })).status === 200);
        acknowledged.push(answer.body.entry.leaf_hash);
      }
    };
    const allExported = (when) => {
      const ran = worker.command(['ledger', 'export', '--data-dir', worker.dataDir]);
      assert.equal(ran.status, 0, ran.stderr);
      const file = path.join(worker.dir, 'log.jsonl');
      fs.writeFileSync(file, ran.stdout);
      const audit = spawnSync(cli, ['audit', 'verify', file], { env: { ...worker.env, AGENTKEYS_STATE_DIR: path.join(worker.dir, 'state') }, encoding: 'utf8' });
      assert.equal(audit.status, 0, audit.stderr);
      for (const leaf of acknowledged) assert.ok(ran.stdout.includes(leaf), when);
    };
    const restart = async () => {
      await worker.start();
      agent.connection.close();
      Object.assign(agent, { connection: worker.client(agent.device).connection, proved: false });
    };

    await use(3);
    assert.equal(await worker.stop(), 0);
    allExported('after a stop');
    await restart();
    await use(3);
    await worker.kill();
    allExported('after kill -9');
    await restart();
    await use(3);
    chip.set('delay', 400); // a stop takes seconds then
    const began = Date.now();
    assert.equal(await worker.stop(), 0);
    assert.ok(Date.now() - began > 2000);
    chip.set('delay', 0);
    allExported('after a slow stop');
    assert.match(worker.logText().split('\n').filter((line) => /stopped/.test(line)).at(-1), /stopped_clean/);
    await restart();
    await use(3);
    await chip.off();
    assert.equal(await worker.stop(), 4);
    assert.match(worker.logText().split('\n').filter((line) => /stopped/.test(line)).at(-1), /stopped_unsealed/);
    await chip.on();
    chip.firmware();
    allExported('after a stop without a TPM');
    await restart();
    await use(1);
    assert.equal(await worker.stop(), 0);
    allExported('at the end');
  });
});
