#!/usr/bin/env node
// The machine is lost: the backup and restore runbooks of docs/operations.md, line by line, with certificates from OpenSSL;
// every wrong share and ledger refused by its name; a restore killed at any moment is run again or finished.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, main, test, until } from './lib/check.mjs';
import { Device } from './lib/device.mjs';
import { build, program, tempDir, Worker } from './lib/worker.mjs';

const page = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../docs/operations.md');
const holders = ['Ada', 'Bob', 'Carol'];

function runbook(name) {
  const block = new RegExp(`<!-- runbook: ${name} -->\n\`\`\`\n([^\`]+)\`\`\``).exec(fs.readFileSync(page, 'utf8'));
  assert.ok(block, `no runbook ${name} in docs/operations.md`);
  return block[1].trim().split('\n');
}

// A folder in which people type commands.
class Desk {
  constructor(worker, dir = tempDir()) {
    this.dir = dir;
    this.env = { ...worker.env, PATH: `${path.join(build, 'src/programs/cli')}:${path.join(build, 'src/programs/worker')}:${process.env.PATH}`, AGENTKEYS_DATA_DIR: worker.dataDir, AGENTKEYS_SIGNER_URL: `${worker.url ?? 'http://127.0.0.1:1'}/tee`, AGENTKEYS_OPERATOR_SOCKET: worker.operator, AGENTKEYS_STATE_DIR: path.join(dir, 'person') };
  }

  run(line, input = '') {
    const done = spawnSync('sh', ['-c', line], { cwd: this.dir, env: this.env, input, encoding: 'utf8', timeout: 60000 });
    return { ...done, all: done.stdout + done.stderr };
  }

  must(line, input) {
    const done = this.run(line, input);
    assert.equal(done.status, 0, `${line}\n${done.all}`);
    return done.stdout;
  }

  refused(line, code) {
    const done = this.run(line);
    assert.notEqual(done.status, 0, line);
    assert.match(done.all, new RegExp(`BOOT_FAIL ${code}: `), done.all);
    return done.all;
  }

  path(name) {
    return path.join(this.dir, name);
  }
}

function certificates(dir) {
  for (const [at, name] of holders.entries()) {
    const kind = [['rsa:2048'], ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']][at];
    const done = spawnSync('openssl', ['req', '-x509', '-newkey', ...kind, '-nodes', '-subj', `/CN=${name}`, '-days', '2', '-keyout', `${name.toLowerCase()}.pem`, '-out', `${name.toLowerCase()}.crt`], { cwd: dir, encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
  }
}

// A worker with shares; its share files are brought to the desk.
function initShares(worker, desk, scheme = '2-of-3', to = holders) {
  const recipients = to.map((name) => `--recipient ${name.toLowerCase()}.crt`).join(' ');
  const said = desk.must(`agentkeys-worker init --data-dir ${worker.dataDir} --recovery-shares ${scheme} ${recipients}`);
  const folder = desk.path(/in (\S*\/shares-[0-9a-f]{8}):/.exec(said)[1].split('/').at(-1));
  return { said, folder, names: fs.readdirSync(folder).sort() };
}

const address = (text) => /0x[0-9a-fA-F]{40}/.exec(text)[0];

await main(async () => {
  const lost = new Worker();
  const work = tempDir();
  certificates(work);
  const shares = initShares(lost, new Desk(lost, work));
  fs.writeFileSync(path.join(work, 'early.jsonl'), new Desk(lost, work).must('agentkeys-worker ledger export'));
  await lost.start();
  const desk = new Desk(lost, work);
  for (const name of shares.names) fs.copyFileSync(path.join(shares.folder, name), desk.path(name));
  desk.must('agentkeys init --local email:alice@demo.example --name laptop');
  desk.must('agentkeys store openrouter --file -', 'sk-or-first');
  const { anchor: account } = JSON.parse(desk.must('agentkeys account show --json'));
  const agent = lost.client(new Device(), { account });
  const asked = await agent.must('pair-request', { label: 'agent-1' });
  desk.must(`agentkeys pair approve ${asked.pairing_code} --scope cap:sign-message --yes`);
  agent.address = (await agent.must('pair-status', { id: asked.request_id })).address;
  const wallet = address(desk.must('agentkeys address'));
  let ledgerKey = '';

  await test('shares: a file a holder, encrypted to them alone, none in clear', async () => {
    assert.deepEqual(shares.names, ['share-1-of-3-ada.cms', 'share-2-of-3-bob.cms', 'share-3-of-3-carol.cms']);
    for (const name of shares.names) assert.equal(fs.statSync(path.join(shares.folder, name)).mode & 0o077, 0);
    for (const [at, name] of holders.entries()) {
      for (const [other, file] of shares.names.entries()) {
        const done = spawnSync('openssl', ['cms', '-decrypt', '-inform', 'DER', '-in', desk.path(file), '-inkey', desk.path(`${name.toLowerCase()}.pem`)], { encoding: 'latin1' });
        assert.equal(done.status === 0 && done.stdout.length > 100, at === other, `${name} ${file}`);
      }
    }
  });

  await test('the backup runbook', async () => {
    for (const line of runbook('backup-owner')) desk.must(line);
    assert.equal(await lost.stop(), 0);
    for (const line of runbook('backup-operator')) desk.must(line);
    ledgerKey = JSON.parse(fs.readFileSync(desk.path('ledger.jsonl'), 'utf8').split('\n')[0]).ledger_key;
  });

  // a checkpoint that somebody kept
  fs.writeFileSync(desk.path('late.note'), JSON.parse(fs.readFileSync(desk.path('ledger.jsonl'), 'utf8').split('\n')[0]).checkpoint);

  const found = new Worker();
  const there = new Desk(found, work);
  await test('the request, once', async () => {
    for (const line of runbook('restore-request')) assert.match(there.must(line), /fingerprint: {2}[0-9a-f]{64}/);
    there.refused('agentkeys-worker restore --request second.request', 'restore_request');
    there.refused('agentkeys-worker serve --listen 127.0.0.1:0', 'no_sealed_state');
  });

  await test('holders see what for, and hand over', async () => {
    for (const line of runbook('restore-holders')) {
      const done = there.run(`${line} --yes`);
      assert.equal(done.status, 0, done.all);
      assert.match(done.stderr, /2 are needed/);
      assert.match(done.stderr, /nothing proves which machine/);
    }
    assert.notEqual(there.run('agentkeys recovery share --open share-1-of-3-ada.cms --key bob.pem --for restore.request --out x.reply --yes').status, 0);
    assert.notEqual(there.run('agentkeys recovery share --open share-2-of-3-bob.cms --key bob.pem --for restore.request --out x.reply </dev/null').status, 0);
    assert.ok(!fs.existsSync(there.path('x.reply')));
  });

  await test('wrong shares are refused by name', async () => {
    const base = 'agentkeys-worker restore --ledger ledger.jsonl';
    there.refused(`${base} --share ada.reply`, 'shares_too_few');
    assert.match(there.refused(`${base} --share ada.reply --share ada.reply`, 'share_duplicate'), /share 1 of 3 \(Ada\)/);
    const altered = fs.readFileSync(there.path('carol.reply'));
    altered[altered.length - 20] ^= 1;
    fs.writeFileSync(there.path('altered.reply'), altered);
    there.refused(`${base} --share ada.reply --share altered.reply`, 'share_altered');
    there.refused(`${base} --share ada.reply --share restore.request`, 'share_unreadable');
    // another worker's, and another machine's request
    const other = new Worker();
    const elsewhere = tempDir();
    for (const name of fs.readdirSync(work).filter((n) => /\.(crt|pem)$/.test(n))) fs.copyFileSync(path.join(work, name), path.join(elsewhere, name));
    const foreign = initShares(other, new Desk(other, elsewhere));
    fs.copyFileSync(path.join(foreign.folder, foreign.names[1]), there.path('foreign.cms'));
    there.must('agentkeys recovery share --open foreign.cms --key bob.pem --for restore.request --out foreign.reply --yes');
    assert.match(there.refused(`${base} --share ada.reply --share foreign.reply`, 'share_foreign'), /share 2 of 3 \(Bob\)/);
    const third = new Worker();
    const desk3 = new Desk(third, work);
    desk3.must('agentkeys-worker restore --request third.request');
    desk3.refused(`${base} --share ada.reply --share carol.reply`, 'share_other_request');
    // its ledger with these shares
    fs.writeFileSync(there.path('other.jsonl'), new Desk(other, elsewhere).must('agentkeys-worker ledger export'));
    there.refused('agentkeys-worker restore --share ada.reply --share carol.reply --ledger other.jsonl', 'ledger_foreign');
  });

  await test('a false ledger is refused', async () => {
    const lines = fs.readFileSync(there.path('ledger.jsonl'), 'utf8').trimEnd().split('\n');
    const restore = (name, kept) => {
      fs.writeFileSync(there.path(name), `${kept.join('\n')}\n`);
      return `agentkeys-worker restore --share ada.reply --share carol.reply --ledger ${name}`;
    };
    there.refused(restore('cut.jsonl', lines.slice(0, -2)), 'ledger_damaged');
    there.refused(restore('dropped.jsonl', lines.filter((_, at) => at !== 4)), 'ledger_damaged');
    there.refused(restore('edited.jsonl', lines.map((line, at) => (at === 3 ? line.replace(/"entry":"(..)../, '"entry":"$1ff') : line))), 'ledger_damaged');
    there.refused(restore('empty.jsonl', ['{}']), 'ledger_unreadable');
    assert.match(there.refused('agentkeys-worker restore --share ada.reply --share carol.reply --ledger early.jsonl --checkpoint late.note', 'ledger_stale'), /rolled_back/);
    there.refused('agentkeys-worker restore --share ada.reply --share carol.reply --ledger ledger.jsonl --checkpoint early.jsonl', 'checkpoint|ledger_damaged');
    there.refused('agentkeys-worker restore --share ada.reply --share carol.reply --ledger ledger.jsonl --issuer https://other.example', 'trust_config');
    assert.ok(!fs.existsSync(path.join(found.dataDir, 'sealed.bin')));
  });

  await test('archive files and what came after them are the ledger, too', async () => {
    const copy = new Worker();
    const at = new Desk(copy, work);
    const entries = fs.readFileSync(desk.path('ledger.jsonl'), 'utf8').trimEnd().split('\n').length - 2;
    const { archived, file } = JSON.parse(desk.must(`agentkeys-worker ledger archive --before ${entries - 1} --json`));
    fs.copyFileSync(path.join(lost.dataDir, file), desk.path('archived.jsonl'));
    fs.writeFileSync(desk.path('tail.jsonl'), desk.must(`agentkeys-worker ledger export --from ${archived}`));
    at.must('agentkeys-worker restore --request again.request');
    for (const [share, name] of [[1, 'ada'], [3, 'carol']]) at.must(`agentkeys recovery share --open share-${share}-of-3-${name}.cms --key ${name}.pem --for again.request --out ${name}.again --yes`);
    const base = 'agentkeys-worker restore --share ada.again --share carol.again';
    assert.match(at.refused(`${base} --ledger tail.jsonl`, 'ledger_unreadable'), /archive files before it/);
    assert.match(at.refused(`${base} --ledger tail.jsonl --ledger archived.jsonl`, 'ledger_unreadable'), /archive files before it/);
    assert.match(at.refused(`${base} --ledger archived.jsonl --ledger archived.jsonl`, 'ledger_damaged'), /does not go on/);
    at.refused(`${base} --ledger archived.jsonl --checkpoint late.note`, 'ledger_stale');
    assert.match(at.must(`${base} --ledger archived.jsonl --ledger tail.jsonl --checkpoint late.note`), /goes on from the checkpoint\naccounts: {6}1\n/);
    at.must('agentkeys-worker ledger verify');
  });

  await test('killed at any moment, it is run again, or it is finished', async () => {
    const line = runbook('restore')[0].split(' ').slice(1);
    for (const wait of [0, 5, 15, 30, 60, 100]) {
      const child = spawn(program, line, { cwd: work, env: there.env, stdio: 'ignore' });
      const ended = new Promise((resolve) => child.on('exit', resolve));
      await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill('SIGKILL');
      await ended;
      if (fs.existsSync(path.join(found.dataDir, 'sealed.bin'))) break;
    }
    if (fs.existsSync(path.join(found.dataDir, 'sealed.bin'))) {
      there.refused(runbook('restore')[0], 'sealed_state_exists');
      there.must(runbook('restore')[1]);
    } else {
      for (const command of runbook('restore')) there.must(command);
    }
    const exported = there.must('agentkeys-worker ledger export').split('\n');
    assert.notEqual(JSON.parse(exported[0]).ledger_key, ledgerKey);
    fs.writeFileSync(there.path('new.jsonl'), exported.join('\n'));
    assert.match(there.must('agentkeys audit verify new.jsonl --key ' + JSON.parse(exported[0]).ledger_key), /sound/);
    assert.match(there.must(`agentkeys audit verify ledger.jsonl --key ${ledgerKey}`), /sound/); // the old one still verifies
  });

  await test('everything comes back suspended; the owner resumes', async () => {
    await found.start();
    const again = new Desk(found, work);
    assert.notEqual(again.run('agentkeys account show').status, 0); // the session of before
    for (const name of ['ledger.pin', 'checkpoint.note']) fs.rmSync(path.join(again.dir, 'person/default', name), { force: true });
    const late = found.client(agent.device, { account });
    assert.equal((await late.call('token', { account, label: 'agent-1' })).status, 403);
    const lines = runbook('restore-owner');
    const said = lines.map((line) => again.must(line));
    assert.match(said[1], /suspended/);
    assert.doesNotMatch(said.at(-1), /suspended/);
    assert.equal(address(again.must('agentkeys address')), wallet);
    let got; // buckets are empty at first
    await until('the bucket', async () => (got = await late.call('token', { account, label: 'agent-1' })).status === 200);
    assert.equal(got.body.address, agent.address);
    assert.equal(again.must('agentkeys read openrouter --reveal').trim(), 'sk-or-first');
    assert.equal(await found.stop(), 0);
  });

  await test('init refuses what is no m-of-n, no certificate, nobody twice', async () => {
    const fresh = new Worker();
    const at = new Desk(fresh, work);
    const init = (rest) => at.refused(`agentkeys-worker init ${rest}`, 'recovery_shares');
    init('--recovery-shares 1-of-3 --recipient ada.crt --recipient bob.crt --recipient carol.crt');
    init('--recovery-shares 3-of-2 --recipient ada.crt --recipient bob.crt');
    init('--recovery-shares 2-of-3 --recipient ada.crt --recipient bob.crt');
    init('--recovery-shares 2-of-2 --recipient ada.crt --recipient ada.crt');
    init('--recovery-shares 2-of-2 --recipient ada.crt --recipient ada.pem');
    init('--recipient ada.crt');
    assert.ok(!fs.existsSync(fresh.dataDir));
  });
});
