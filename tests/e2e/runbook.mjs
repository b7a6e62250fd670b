#!/usr/bin/env node
// The commands that docs/operations.md tells a person to run, run as they stand there, in order, against a real worker; and
// what it says of copies of the data folder with and without their erasure slots.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, main, test } from './lib/check.mjs';
import { build, tempDir, Worker } from './lib/worker.mjs';

const page = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../docs/operations.md');

// The lines of the block that follows the mark.
function runbook(name) {
  const text = fs.readFileSync(page, 'utf8');
  const block = new RegExp(`<!-- runbook: ${name} -->\n\`\`\`\n([^\`]+)\`\`\``).exec(text);
  assert.ok(block, `no runbook ${name} in docs/operations.md`);
  return block[1].trim().split('\n');
}

class Person {
  constructor(worker) {
    this.env = { ...worker.env, PATH: `${path.join(build, 'src/programs/cli')}:${process.env.PATH}`, AGENTKEYS_SIGNER_URL: `${worker.url}/tee`, AGENTKEYS_OPERATOR_SOCKET: worker.operator, AGENTKEYS_STATE_DIR: path.join(worker.dir, 'person') };
  }

  run(line, input = '') {
    const done = spawnSync('sh', ['-c', line], { env: this.env, input, encoding: 'utf8', timeout: 90000 });
    return { ...done, all: done.stdout + done.stderr };
  }

  must(line, input) {
    const done = this.run(line, input);
    assert.equal(done.status, 0, `${line}\n${done.all}`);
    return done.stdout;
  }
}

// A copy of a stopped worker's folders.
function copy(worker, { data = worker, slots = worker }) {
  const dir = tempDir();
  fs.cpSync(data.dataDir, path.join(dir, 'data'), { recursive: true, filter: (file) => !file.endsWith('-reserve') });
  if (slots) {
    fs.cpSync(`${slots.dataDir}-slots`, path.join(dir, 'data-slots'), { recursive: true });
    fs.chmodSync(path.join(dir, 'data-slots'), 0o700);
  }
  return new Worker({ dir });
}

await main(async () => {
  const worker = await Worker.start();
  let person = new Person(worker);
  person.must('agentkeys init --local email:alice@demo.example --name laptop');
  person.must('agentkeys store openrouter --file -', 'sk-or-first');
  person.must('agentkeys store mail --file -', 'a password');
  assert.equal(await worker.stop(), 0);
  const before = copy(worker, {});
  await worker.start();
  person = new Person(worker);

  await test('init at another worker is refused, and the session that was there is kept', async () => {
    const other = await Worker.start();
    const stray = new Person(other);
    stray.env.AGENTKEYS_STATE_DIR = person.env.AGENTKEYS_STATE_DIR;
    const session = () => fs.readFileSync(path.join(person.env.AGENTKEYS_STATE_DIR, 'default/token.json'), 'utf8');
    const kept = session();
    const done = stray.run('agentkeys init --local email:alice@demo.example');
    assert.notEqual(done.status, 0);
    assert.match(done.all, /this is not the ledger that was met before/);
    assert.equal(session(), kept);
    person.must('agentkeys whoami');
    stray.env.AGENTKEYS_STATE_DIR = path.join(tempDir(), 'state'); // as where a person means the other worker
    assert.equal(spawnSync('cp', ['-Rp', person.env.AGENTKEYS_STATE_DIR, stray.env.AGENTKEYS_STATE_DIR]).status, 0); // with its modes
    for (const name of ['ledger.pin', 'checkpoint.note']) fs.rmSync(path.join(stray.env.AGENTKEYS_STATE_DIR, 'default', name));
    assert.match(stray.must('agentkeys init --local email:alice@demo.example'), /^ {2}[0-9a-f]{4}( [0-9a-f]{4}){15}$/m, 'its own recovery code');
    assert.equal(await other.stop(), 0);
  });

  await test('the rotation runbook, line by line, and twice', async () => {
    const lines = runbook('rotate');
    const said = Object.fromEntries(lines.map((line, at) => [at, person.must(line)]));
    assert.match(said[0], /live/);
    assert.match(said[2], /openrouter/);
    assert.match(said[4], /destroyed/);
    assert.equal(person.must('agentkeys read openrouter --reveal').trim(), 'sk-or-first');
    assert.equal(person.must('agentkeys read mail --reveal').trim(), 'a password');
    for (const line of lines) {
      const again = person.run(line);
      assert.ok([0, 7].includes(again.status), `${line}: ${again.status} ${again.all}`); // 7: done already
    }
    assert.equal(person.must('agentkeys read openrouter --reveal').trim(), 'sk-or-first');
  });

  await test('a third epoch has to wait, and says so', async () => {
    const busy = person.run('agentkeys epoch rotate');
    assert.equal(busy.status, 7, busy.all);
    assert.match(busy.all, /epoch_busy|two epochs are live/);
  });

  assert.equal(await worker.stop(), 0);
  const now = copy(worker, {});

  await test('a copy with its slots starts; without them, or with another moment\'s, it says what is missing', async () => {
    const pair = copy(before, {});
    await pair.start();
    assert.equal(await pair.stop(), 0);
    assert.match((await copy(now, { slots: null }).bootFail()).line, /^BOOT_FAIL erasure_slot_missing: /);
    assert.match((await copy(now, { data: before, slots: now }).bootFail()).line, /^BOOT_FAIL (erasure_slot_empty|epoch_store_damaged): /);
    assert.match((await copy(now, { data: now, slots: before }).bootFail()).line, /^BOOT_FAIL (erasure_slot_empty|epoch_store_damaged): /);
  });
});
