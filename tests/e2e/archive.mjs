#!/usr/bin/env node
// Old entries leave the ledger for files: the worker goes on with what is left, files and a live export are verified together as
// one log, whatever is done to a file is named; a start, a rebuild and a restore use them, and a kill at any write loses nothing.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { assert, main, test, until } from './lib/check.mjs';
import { needTracer } from './lib/inject.mjs';
import { consistent } from './lib/ledger.mjs';
import { build, program, tempDir, Worker } from './lib/worker.mjs';

const ledger = (worker, verb, ...more) => worker.command(['ledger', verb, '--data-dir', worker.dataDir, ...more]);
const dir = (worker) => path.join(worker.dataDir, 'archive');
const files = (worker) => fs.readdirSync(dir(worker)).sort((a, b) => a.split('-')[1] - b.split('-')[1]).map((name) => path.join(dir(worker), name));
const flip = (file, at) => { const bytes = fs.readFileSync(file); bytes[at] ^= 1; fs.writeFileSync(file, bytes); };

function must(done) {
  assert.equal(done.status, 0, done.stderr + done.stdout);
  return done.stdout;
}

function refused(done, code, more = /./) {
  assert.equal(done.status, 1, done.stdout + done.stderr);
  assert.match(done.stderr, new RegExp(`^BOOT_FAIL ${code}: `, 'm'));
  assert.match(done.stderr, more);
}

const archive = (worker, before) => JSON.parse(must(ledger(worker, 'archive', '--before', String(before), '--json')));
const size = (worker) => JSON.parse(must(ledger(worker, 'verify', '--json'))).entries;
const cli = (worker, args, state) => spawnSync(path.join(build, 'src/programs/cli/agentkeys'), args, {
  env: { ...worker.env, AGENTKEYS_SIGNER_URL: `${worker.url ?? 'http://127.0.0.1:1'}/tee`, AGENTKEYS_OPERATOR_SOCKET: worker.operator, AGENTKEYS_STATE_DIR: state ?? worker.dir }, encoding: 'utf8', timeout: 60000 });
const audit = (worker, ...args) => {
  const done = cli(worker, ['audit', 'verify', '--json', ...args]);
  return { status: done.status, ...JSON.parse(done.stdout), said: done.stderr };
};

// A worker with an account, an agent and some signatures; stopped.
async function used(signatures) {
  const worker = await Worker.start();
  worker.one = await worker.owner();
  worker.signer = await worker.agent(worker.one, 'agent-1', { rate: 10000 });
  await sign(worker, signatures);
  assert.equal(await worker.stop(), 0);
  return worker;
}

async function sign(worker, count) {
  worker.signer.proved = worker.one.proved = false;
  for (let i = 0; i < count; i++) await until('a signature', async () => (await worker.signer.signLater(`message ${i}`))?.status === 200, 10000, 20);
}

// Together with what is left, the files are one log from its first entry on.
function whole(worker, left) {
  const tail = path.join(worker.dir, 'tail.jsonl');
  fs.writeFileSync(tail, must(ledger(worker, 'export', '--from', String(left))));
  const report = audit(worker, ...files(worker), tail);
  assert.deepEqual([report.ok, report.kind, report.from, report.entries], [true, 'full', 0, report.size], report.said);
  return { ...report, tail };
}

await main(async () => {
  const worker = await used(20);
  const before = size(worker);

  await test('what cannot be archived is refused, and says why', async () => {
    assert.equal(ledger(worker, 'archive').status, 2);
    for (const bad of ['0', '-1', 'x', '', '9999999999999999999999']) refused(ledger(worker, 'archive', '--before', bad), 'bad_value');
    refused(ledger(worker, 'archive', '--before', String(before + 1)), 'archive_beyond_end', new RegExp(`entry ${before}:`));
    await worker.start();
    refused(ledger(worker, 'archive', '--before', '5'), 'data_dir_busy');
    assert.equal(await worker.stop(), 0);
    assert.ok(!fs.existsSync(dir(worker)));
  });

  let left = 0;
  await test('entries go to a file that is a full export, and twice is once', async () => {
    const done = archive(worker, before - 2);
    left = done.archived;
    assert.ok(left > 10 && left <= before - 2);
    assert.deepEqual([done.from, done.entries, done.file], [0, left, `archive/ledger-0-${left}.jsonl`]);
    const [file] = files(worker);
    assert.equal(fs.statSync(file).mode & 0o7777, 0o600);
    assert.equal(fs.statSync(dir(worker)).mode & 0o7777, 0o700);
    const report = audit(worker, file);
    assert.deepEqual([report.ok, report.kind, report.size], [true, 'full', left]);
    const again = archive(worker, left);
    assert.deepEqual([again.archived, again.file], [left, null]);
    assert.match(must(ledger(worker, 'archive', '--before', '1')), /nothing to archive/);
    assert.equal(files(worker).length, 1);
  });

  await test('the worker goes on: what is left is served, what is archived is said to be', async () => {
    await worker.start();
    await sign(worker, 5);
    const { body } = await worker.one.call('audit', { proofs: true });
    assert.equal(body.archived, left);
    assert.ok(body.entries.length > 0 && body.entries.every((entry) => entry.index >= left));
    assert.equal((await worker.one.call('audit', { since: left })).body.archived, undefined);
    const gone = await worker.one.call('inclusion', { index: 3 });
    assert.deepEqual([gone.status, gone.body.error], [410, 'ledger_archived']);
    const { body: now } = await worker.one.call('checkpoint-seal');
    assert.equal((await worker.one.call('inclusion', { index: body.entries[0].index })).status, 200);
    const { body: grown } = await worker.one.call('consistency', { from: left, to: now.size });
    const root = Buffer.from(audit(worker, files(worker)[0]).root_hash, 'hex');
    assert.ok(consistent(left, now.size, root, Buffer.from(now.root_hash, 'hex'), grown.proof.map((one) => Buffer.from(one, 'hex'))));
    await until('old entries to be verified', async () => (await worker.metrics()).ledger_verified_to >= left, 10000, 50);
    const state = tempDir();
    must(cli(worker, ['init', '--local', 'email:carol@demo.example', '--name', 'laptop'], state));
    const listed = cli(worker, ['audit', 'list'], state);
    assert.match(must(listed) && listed.stderr, new RegExp(`entries before ${left} are in the operator's archive files`));
    assert.match(cli(worker, ['audit', 'show', '2'], state).stderr, /entry 2 is archived/);
    const part = path.join(worker.dir, 'part.jsonl');
    must(cli(worker, ['audit', 'export', part], state));
    const report = audit(worker, part, '--key', now.key);
    assert.deepEqual([report.ok, report.kind, report.from], [true, 'account', left], report.said);
    assert.equal(await worker.stop(), 0);
  });

  await test('files and a live export are one log; what is done to one of them is named', async () => {
    const more = archive(worker, size(worker) - 1);
    assert.equal(more.from, left);
    const report = whole(worker, more.archived);
    assert.equal(audit(worker, files(worker)[1]).kind, 'segment'); // by itself, too
    const [first, second] = files(worker);
    const bytes = fs.readFileSync(first);
    const fault = (...args) => { const got = audit(worker, ...args); return [got.status, got.fault, got.index]; };
    const at = bytes.indexOf('"index":7,') + 40;
    fs.writeFileSync(first, Buffer.concat([bytes.subarray(0, at), Buffer.from(bytes[at] === 0x30 ? '1' : '0'), bytes.subarray(at + 1)]));
    assert.deepEqual(fault(first, second, report.tail), [1, 'edited', 7]);
    assert.match(audit(worker, first, second, report.tail).said, /ledger-0-/);
    fs.writeFileSync(first, bytes.subarray(0, bytes.length - 30));
    assert.equal(fault(first, second, report.tail)[1], 'cut_tail');
    fs.writeFileSync(first, bytes);
    assert.deepEqual(fault(first, report.tail), [1, 'dropped', left]);
    assert.equal(fault(second, first, report.tail)[1], 'malformed');
    assert.deepEqual(fault(first, second, second), [1, 'reordered', left]);
    left = more.archived;
  });

  await test('a start, an export and a rebuild without the files, and with them', async () => {
    const away = tempDir();
    const kept = files(worker).map((file) => [file, path.join(away, path.basename(file))]);
    const move = (back) => { for (const [here, there] of kept) fs.cpSync(back ? there : here, back ? here : there); if (!back) fs.rmSync(dir(worker), { recursive: true }); else fs.chmodSync(dir(worker), 0o700); };
    const verified = () => { const { archived, archive_read: read } = JSON.parse(must(ledger(worker, 'verify', '--json'))); return [archived, read]; };
    assert.deepEqual(verified(), [left, true]);
    const all = must(ledger(worker, 'export'));
    move(false);
    assert.deepEqual(verified(), [left, false]);
    refused(ledger(worker, 'export'), 'archive_missing', /ledger-0-\d+\.jsonl/);
    await worker.start(['--verify-all']);
    assert.match(worker.logText(), /"archive_not_read"/);
    assert.equal(await worker.stop(), 0);
    const [snapshot] = fs.readdirSync(worker.dataDir).filter((name) => /^snapshot-/.test(name));
    fs.renameSync(path.join(worker.dataDir, snapshot), path.join(away, snapshot));
    refused(ledger(worker, 'verify'), 'archive_missing', /bring it back/);
    fs.mkdirSync(dir(worker), { mode: 0o700 });
    move(true);
    assert.deepEqual(verified(), [left, true]);
    await worker.start(); // the state is folded from the files
    await sign(worker, 1);
    assert.equal(await worker.stop(), 0);
    const lines = (text) => text.split('\n').slice(1, -2);
    assert.deepEqual(lines(must(ledger(worker, 'export'))).slice(0, lines(all).length), lines(all));
    const [first] = files(worker);
    const at = fs.readFileSync(first).indexOf('"index":5,') + 60;
    flip(first, at);
    const done = ledger(worker, 'verify');
    refused(done, 'archive_damaged', /ledger-0-/);
    flip(first, at);
    assert.deepEqual(verified(), [left, true]);
  });

  await test('a recovery that a broker may still ask for stays in the ledger', async () => {
    const busy = await Worker.start();
    const owner = await busy.owner();
    assert.equal((await owner.call('account-suspend', {})).status, 200);
    assert.equal((await owner.call('account-resume', {})).status, 202); // it waits for its time
    assert.equal(await busy.stop(), 0);
    const done = ledger(busy, 'archive', '--before', String(size(busy)));
    refused(done, 'archive_too_young', /a broker may still ask for it/);
    assert.deepEqual(fs.readdirSync(dir(busy)), []);
    assert.ok(archive(busy, Number(/entry (\d+):/.exec(done.stderr)[1])).archived > 0);
  });

  await test('killed at any write or sync, the entries are in the ledger, or in a file, or in both', async () => {
    needTracer();
    const source = await used(12);
    const end = archive(source, 3) && size(source) - 4; // the snapshot that it makes does for what follows
    const run = (worker, how) => spawnSync('strace', ['-f', '-qq', '-o', path.join(worker.dir, 'trace'), ...how, program, 'ledger', 'archive', '--before', String(end), '--data-dir', worker.dataDir], { env: worker.env, encoding: 'utf8' });
    const copied = () => {
      const copy = new Worker({ dataDir: path.join(tempDir(), 'data') });
      must(spawnSync('cp', ['-a', source.dataDir, copy.dataDir], { encoding: 'utf8' }));
      return copy;
    };
    const traced = copied();
    must(run(traced, ['-e', 'trace=write,fsync,fdatasync,pwrite64,rename,renameat,renameat2']));
    const lines = fs.readFileSync(path.join(traced.dir, 'trace'), 'utf8').split('\n').filter((line) => /^\d+ +\w+\(/.test(line));
    const calls = lines.map((line) => /(\w+)\(/.exec(line)[1]);
    const begin = lines.findIndex((line) => line.includes('agentkeys-ledger')); // before it nothing is different from any start
    assert.deepEqual(calls.slice(begin, begin + 4), ['write', 'fsync', 'renameat', 'fsync']);
    const { archived } = JSON.parse(must(ledger(traced, 'verify', '--json')));
    let killed = 0;
    for (const [at, call] of calls.entries()) {
      if (at < begin || at > begin + 7) continue;
      const when = calls.slice(0, at + 1).filter((one) => one === call).length;
      const copy = copied();
      const done = run(copy, ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${when}`]);
      if (done.status === 0) continue;
      killed++;
      assert.equal(archive(copy, end).archived, archived); // again, whatever was left
      if (at % 2) whole(copy, archived);
    }
    assert.ok(killed >= 7, `${killed} kills`);
  });
});
