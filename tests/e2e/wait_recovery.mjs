#!/usr/bin/env node
// Recoveries to their end, with the shortest waiting times there are: a mailbox, the code, one that is cancelled, a code that was lost, and
// a worker that is stopped meanwhile. I9. Nearly all of it is waiting: tools/run-suites runs it beside the others.
import fs from 'node:fs';
import path from 'node:path';
import { Broker, MailSink, freePort, mailArgs, startBoth } from './lib/broker.mjs';
import { assert, main, sleep, test, until } from './lib/check.mjs';
import { Machine, mailbox } from './lib/machine.mjs';
import { tempDir } from './lib/worker.mjs';

const issuer = 'http://127.0.0.1:8092';

await main(async () => {
  const dir = tempDir();
  const workerSocket = path.join(dir, 'broker.sock');
  const sink = await new MailSink({ tls: 'starttls', dir }).start();
  const broker = new Broker({ dir, port: await freePort(), issuer, workerSocket, args: [...mailArgs(sink), '--limit-starts-per-minute', '60'] });
  const worker = await startBoth(broker, { byEnv: true, args: ['--recovery-wait', '1m', '--recovery-wait-code', '1m'] });
  const { byMail } = mailbox(broker, sink);
  const people = Object.fromEntries(['alice', 'carol', 'dave', 'erin'].map((name) => [name, { mail: `${name}@demo.example`, home: new Machine(worker, broker), there: new Machine(worker, broker) }]));
  const { alice, carol, dave, erin } = people;
  let readyAt = 0;
  const waits = (body) => {
    readyAt = Math.max(readyAt, body.ready_at);
    assert.ok(body.ready_at >= Date.now() / 1000 + 50, JSON.stringify(body));
  };
  const codeFile = (person) => {
    const file = path.join(tempDir(), 'code');
    fs.writeFileSync(file, person.code, { mode: 0o600 });
    return file;
  };

  await test('four accounts; three recoveries and a renewal begin', async () => {
    for (const person of Object.values(people)) {
      const { status, err, body } = await byMail(person.home, person.mail, 'init', '--name', 'home');
      assert.equal(status, 0, err);
      Object.assign(person, { anchor: body.anchor, code: body.recovery_code });
    }
    for (const person of [alice, carol, dave]) {
      const by = person === carol ? ['--recovery-code-file', codeFile(carol)] : [];
      const { body, err } = await byMail(person.there, person.mail, 'recover', '--name', 'there', ...by);
      assert.equal(body?.state, 'recovery_pending', err);
      assert.equal(body.anchor, person.anchor);
      waits(body);
    }
    waits((await erin.home.run('recover', '--new-code')).body);
    assert.equal((await dave.home.run('recover', '--cancel')).body.status, 'cancelled');
  });

  await test('a worker that is stopped sees no time, and forgets nothing that waits', async () => {
    const before = (await alice.home.run('recover')).body.items[0].ready_at;
    await worker.stop();
    await sleep(2000);
    await worker.start();
    const after = (await alice.home.run('recover')).body.items[0].ready_at;
    assert.ok(after >= before + 1, `${after - before} s later`);
    readyAt += after - before + 1;
    await until('the broker to reach it again', async () => (await broker.get('/readyz')).body.status === 'ready');
  });

  await test('shortly before its time it is none of the account\'s devices', async () => {
    await sleep((readyAt - 12) * 1000 - Date.now());
    const { body, err } = await byMail(alice.there, alice.mail, 'recover');
    assert.equal(body?.state, 'recovery_pending', err);
    assert.match((await alice.home.plain('whoami')).err, /sign-in ready_at=|recover/);
    assert.equal((await alice.there.run('whoami')).status, 4);
    assert.ok(Date.now() / 1000 < readyAt - 3, 'all of this was in time');
  });

  await test('then it signs in: the same account, one more device, which takes nothing away at first', async () => {
    await sleep(readyAt * 1000 + 500 - Date.now());
    const { status, body, err } = await byMail(alice.there, alice.mail, 'recover');
    assert.equal(status, 0, err);
    assert.deepEqual([body.anchor, body.account_new, body.device_count], [alice.anchor, false, 2]);
    assert.equal(body.recovery_code, undefined, 'the code stays: it was not used');
    const { devices } = (await alice.there.run('device', 'list')).body;
    const first = devices.find((device) => !device.current).device;
    assert.equal((await alice.there.run('device', 'remove', first)).body.error, 'denied');
    assert.equal((await alice.there.run('recover', '--new-code')).body.error, 'denied');
    assert.equal((await alice.home.run('sign', '--message', 'still mine')).status, 0);
    assert.equal((await alice.there.run('sign', '--message', 'mine again')).status, 0);
    assert.deepEqual((await alice.home.run('recover')).body.items, []);
    const types = (await alice.home.run('audit', 'list')).body.entries.map((entry) => entry.type);
    for (const type of ['RecoveryStarted', 'RecoveryDone', 'DeviceEnrolled']) assert.ok(types.includes(type), types.join());
    await until('a mail that it took effect', () => sink.mails.some((mail) => mail.to.includes(alice.mail) && /has taken effect/.test(mail.raw)), 20000);
  });

  await test('by the code: the session, and the next code; the one before is dead', async () => {
    const { status, body, err } = await byMail(carol.there, carol.mail, 'recover');
    assert.equal(status, 0, err);
    assert.equal(body.anchor, carol.anchor);
    assert.ok(body.recovery_code && body.recovery_code !== carol.code);
    const renew = (file) => carol.there.run('recover', '--new-code', '--recovery-code-file', file);
    assert.equal((await renew(codeFile(carol))).body.error, 'bad_signature');
    carol.code = body.recovery_code;
    const renewed = (await renew(codeFile(carol))).body;
    assert.equal(renewed.status, 'renewed');
    assert.notEqual(renewed.recovery_code, carol.code);
    await until('two mails that the code was replaced', () => sink.mails.filter((mail) => mail.to.includes(carol.mail) && /recovery code of your account was replaced/.test(mail.raw)).length === 2, 20000);
  });

  await test('one that was cancelled begins again; a lost code has another one in its place', async () => {
    const again = await byMail(dave.there, dave.mail, 'recover');
    assert.equal(again.body?.state, 'recovery_pending', again.err);
    assert.ok(again.body.ready_at >= Date.now() / 1000 + 50);
    assert.equal((await dave.home.run('device', 'list')).body.devices.length, 1);
    const renewed = await erin.home.run('recover', '--new-code');
    assert.equal(renewed.body.status, 'renewed', renewed.err);
    const resume = async (code) => {
      erin.code = code;
      return (await erin.home.run('account', 'resume', '--recovery-code-file', codeFile(erin))).body;
    };
    assert.equal((await erin.home.run('account', 'suspend')).status, 0);
    assert.equal((await resume(erin.code)).error, 'bad_signature');
    assert.equal((await resume(renewed.body.recovery_code)).status, 'resumed');
  });
});
