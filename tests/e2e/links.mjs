#!/usr/bin/env node
// A person's identities and ways back: `agentkeys link`, `unlink`, `links`, `whoami` and `recover`, with real broker, worker and mail server.
import fs from 'node:fs';
import path from 'node:path';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { Broker, MailSink, freePort, mailArgs, startBoth } from './lib/broker.mjs';
import { assert, main, test, until } from './lib/check.mjs';
import { Machine, mailbox } from './lib/machine.mjs';
import { tempDir } from './lib/worker.mjs';

const issuer = 'http://127.0.0.1:8092';

await main(async () => {
  const dir = tempDir();
  const workerSocket = path.join(dir, 'broker.sock');
  const sink = await new MailSink({ tls: 'starttls', dir }).start();
  const broker = new Broker({ dir, port: await freePort(), issuer, workerSocket, args: [...mailArgs(sink), '--limit-starts-per-minute', '60'] });
  const worker = await startBoth(broker, { byEnv: true });
  const [home, laptop, other] = [0, 1, 2].map(() => new Machine(worker, broker));
  const wallet = privateKeyToAccount(generatePrivateKey());
  let alice;

  const { answer, byMail } = mailbox(broker, sink);
  const sign = async (run, file, account) => {
    const text = await until('the text', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8').includes('urn:agentkeys:device') && fs.readFileSync(file, 'utf8'));
    run.child.stdin.end(`${await account.signMessage({ message: text })}\n`);
  };
  const byWallet = async (machine, account, ...command) => {
    const file = path.join(tempDir(), 'text');
    const run = machine.start(...command, '--wallet', account.address, '--text-file', file);
    await sign(run, file, account);
    return run.done;
  };

  await test('link: a mail address, a wallet, the account\'s own address', async () => {
    alice = await byMail(home, 'Alice@Demo.example', 'init', '--name', 'home');
    assert.equal(alice.status, 0, alice.err);
    assert.equal(alice.body.identity, 'email:alice@demo.example');
    assert.equal(alice.body.wallet_signs_in, true);
    const mail = await byMail(home, 'Alice.Work@demo.example', 'link');
    assert.equal(mail.status, 0, mail.err);
    assert.equal(mail.body.anchor, alice.body.anchor);
    const evm = await byWallet(home, wallet, 'link');
    assert.equal(evm.status, 0, evm.err);
    assert.deepEqual([evm.body.linked, evm.body.anchor], [true, alice.body.anchor]);
    const own = await home.run('link', '--derived');
    assert.equal(own.body.error, 'already_done', 'init linked it');
  });

  await test('links and whoami: every identity, by name where this device knows it', async () => {
    const { body } = await home.run('links');
    assert.deepEqual(body.links.map((link) => link.how).sort(), ['broker', 'derived', 'opened', 'siwe']);
    const shown = (await home.plain('links')).out;
    for (const name of ['email:alice@demo.example', 'email:alice.work@demo.example', `evm:${wallet.address}`]) assert.ok(shown.includes(name), shown);
    const who = await home.run('whoami');
    assert.equal(who.body.anchor, alice.body.anchor);
    assert.equal(who.body.identities.links.length, 4);
    assert.match((await home.plain('whoami')).out, /Identities that sign in:\n.*opened {3}email:alice@demo\.example/);
    const alone = new Machine(worker, { url: 'http://127.0.0.1:9' });
    alone.env.AGENTKEYS_STATE_DIR = home.env.AGENTKEYS_STATE_DIR;
    assert.match((await alone.plain('whoami')).out, /the broker does not tell them now/);
    assert.equal((await alone.run('whoami')).body.identities, undefined);
    assert.equal((await alone.run('links')).status, 8);
  });

  await test('link: what is taken, linked already, or not an identity', async () => {
    const bob = await byMail(other, 'bob@demo.example', 'init');
    assert.equal(bob.status, 0, bob.err);
    const taken = await byMail(other, 'alice.work@demo.example', 'link');
    assert.equal(taken.status, 7, taken.err);
    assert.equal(taken.body.error, 'already_exists');
    assert.equal((await byWallet(other, wallet, 'link')).body.error, 'already_exists');
    const twice = await byWallet(home, wallet, 'link');
    assert.equal(twice.body.error, 'already_done');
    assert.match(twice.err, /next: {2}agentkeys links/);
    assert.equal((await home.run('link')).status, 2);
    assert.equal((await home.run('link', '--email', 'a@b.example', '--derived')).status, 2);
    assert.equal((await home.run('link', '--email', 'no address')).status, 2);
    assert.equal((await laptop.run('link', '--derived')).status, 4);
  });

  await test('unlink: the last one stays, one that can recover waits, a new one goes at once', async () => {
    const last = await other.run('unlink', 'bob@demo.example');
    assert.equal(last.status, 3, last.err);
    assert.match(last.err, /the last identity/);
    assert.equal((await other.run('unlink', 'alice@demo.example')).status, 6);
    assert.equal((await home.run('unlink', 'nothing')).status, 2);
    const gone = await home.run('unlink', 'Alice.Work@demo.example');
    assert.equal(gone.body.status, 'unlinked', gone.err);
    const waits = await home.run('unlink', alice.body.anchor);
    assert.equal(waits.body.status, 'waiting', waits.err);
    assert.equal((await home.run('recover', '--cancel')).status, 6, 'that is no recovery');
    assert.equal((await home.run('account', 'cancel', '--what', 'identity-unlink')).status, 0);
    assert.equal((await home.run('links')).body.links.length, 3);
  });

  await test('recover: begun, shown on both sides, seen, cancelled', async () => {
    assert.equal((await laptop.run('recover')).status, 6);
    assert.match((await home.plain('recover')).out, /Nobody is recovering this account/);
    const begun = await byMail(laptop, 'alice@demo.example', 'recover', '--name', 'laptop');
    assert.equal(begun.status, 0, begun.err);
    assert.equal(begun.body.state, 'recovery_pending');
    const kept = await laptop.run('recover');
    assert.deepEqual(kept.body, begun.body);
    const shown = (await laptop.plain('recover')).out;
    assert.match(shown, /Next, from then on: agentkeys recover --email alice@demo\.example/);
    const { items } = (await home.run('recover')).body;
    assert.equal(items.length, 1);
    assert.equal(items[0].what, 'sign-in');
    assert.match((await home.plain('recover')).out, new RegExp(`agentkeys recover --cancel --device ${items[0].device}`));
    assert.equal((await home.run('recover', '--seen', '--device', items[0].device)).body.status, 'seen');
    assert.equal((await home.run('recover', '--cancel', '--seen')).status, 2);
    assert.equal((await home.run('recover', '--cancel')).body.status, 'cancelled');
    assert.deepEqual((await home.run('recover')).body.items, []);
  });

  await test('recover --new-code: by the code at once, without it after the waiting time', async () => {
    const lost = await home.run('recover', '--new-code');
    assert.equal(lost.body.status, 'waiting', lost.err);
    assert.ok(lost.body.ready_at > Date.now() / 1000 + 6 * 86400);
    assert.equal(lost.body.recovery_code, undefined);
    const shown = (await home.plain('recover')).out;
    assert.match(shown, /Nobody is recovering this account/);
    assert.match(shown, /agentkeys account cancel --what recovery-code --device [A-Za-z0-9_-]{43}\n/);
    const file = path.join(tempDir(), 'code');
    const renew = async (code) => {
      fs.writeFileSync(file, code, { mode: 0o600 });
      return home.run('recover', '--new-code', '--recovery-code-file', file);
    };
    const first = alice.body.recovery_code;
    const renewed = await renew(first);
    assert.equal(renewed.body.status, 'renewed', renewed.err);
    assert.match(renewed.body.recovery_code, /^[0-9a-f]{64}$|^[0-9a-f -]+$/);
    assert.notEqual(renewed.body.recovery_code, first);
    assert.deepEqual((await home.run('recover')).body.items, [], 'what waited is over');
    const dead = await renew(first);
    assert.equal(dead.body.error, 'bad_signature', dead.err);
    alice.body.recovery_code = renewed.body.recovery_code;
    assert.equal((await home.run('recover', '--new-code', '--cancel')).status, 2);
    assert.equal((await laptop.run('recover', '--new-code')).status, 4);
    const sets = (await home.run('audit', 'list', '--type', 'RecoveryCodeSet')).body;
    assert.equal(sets.entries.length, 1, JSON.stringify(sets));
  });

  await test('recover: two identities in one command, the recovery code', async () => {
    const file = path.join(tempDir(), 'text');
    const run = laptop.start('recover', '--email', 'alice@demo.example', '--wallet', wallet.address, '--text-file', file);
    await answer(run, 'alice@demo.example');
    await sign(run, file, wallet);
    const both = await run.done;
    assert.equal(both.body.identity, `evm:${wallet.address.toLowerCase()}`, both.err);
    assert.ok(both.body.ready_at > Date.now() / 1000 + 86400, 'a wallet that was linked today is no second identity');
    assert.equal((await home.run('recover', '--cancel')).status, 0);
    const code = path.join(tempDir(), 'code');
    fs.writeFileSync(code, alice.body.recovery_code, { mode: 0o600 });
    const begun = await byMail(laptop, 'alice@demo.example', 'recover', '--recovery-code-file', code);
    assert.ok(begun.body.ready_at < Date.now() / 1000 + 86400 + 60, begun.err);
    const refused = await home.run('recover', '--cancel');
    assert.equal(refused.status, 3, refused.err);
    assert.match((await home.plain('recover')).out, /No device can cancel it/);
  });
});
