#!/usr/bin/env node
// The broker under AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer, through each of its calls and what goes wrong in them, to an
// orderly end. AK_BROKER is the sanitized program; its sandbox, which keeps LeakSanitizer out, is left off by tests/tools/unconfined.c.
import fs from 'node:fs';
import path from 'node:path';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { Broker, MailSink, SignIn, freePort, mailArgs, startBoth } from '../lib/broker.mjs';
import { assert, main, skip, test, until } from '../lib/check.mjs';
import { Device } from '../lib/device.mjs';
import { LyingProvider, unsignedToken } from '../lib/provider.mjs';
import { build, tempDir } from '../lib/worker.mjs';

const issuer = 'http://127.0.0.1:8092';
const unconfined = path.join(build, 'tests/tools/libunconfined.so');

await main(async () => {
  if (!process.env.AK_BROKER) skip('AK_BROKER names no sanitized broker');
  const dir = tempDir();
  const sink = await new MailSink({ tls: 'starttls', dir }).start();
  const port = await freePort();
  const liar = await new LyingProvider(dir).start(await freePort(), 'keys-liar', '');
  const file = path.join(dir, 'oauth2.conf');
  fs.writeFileSync(file, `[liar]\nissuer = ${liar.issuer}\nclient_id = keys-liar\nca_file = ${liar.authority}\n` +
    `[gone]\nissuer = http://127.0.0.1:${await freePort()}\nclient_id = nobody\n`, { mode: 0o600 });
  const broker = new Broker({ dir, port, issuer, workerSocket: path.join(dir, 'broker.sock'),
    args: [...mailArgs(sink), '--limit-starts-per-minute', '60', '--oauth2-providers', 'liar,gone', '--oauth2-file', file, '--oauth2-timeout', '1s', '--worker-timeout', '2s'] });
  Object.assign(broker.env, { LD_PRELOAD: unconfined, ASAN_OPTIONS: 'detect_leaks=1:exitcode=99', UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1' });
  const worker = await startBoth(broker, { args: ['--identity-providers', `liar ${liar.issuer} keys-liar`] });
  const alice = new Device();
  let token, address;

  await test('mail: a session, wrong codes, another device, a recovery with its notice', async () => {
    const who = new SignIn(broker, alice, { device_name: 'laptop', recovery_hash: '11'.repeat(32) });
    await who.email('alice@demo.example');
    const mail = await sink.take('alice@demo.example');
    assert.equal((await broker.verify(mail, '!')).status, 400);
    assert.equal((await broker.form({ link: mail.link, match_code: who.asked.body.match_code })).status, 200);
    assert.equal((await broker.form({ link: '"><script>', match_code: 'x' })).status, 400);
    assert.equal((await new SignIn(broker, new Device()).status(who.asked.body.request_id)).status, 404);
    ({ session_jwt: token, wallet_address: address } = (await who.status()).body);
    assert.ok(token);
    assert.equal((await who.status()).error, 'already_consumed');
    const thief = new SignIn(broker, new Device());
    await thief.email('alice@demo.example');
    await broker.verify(await sink.take('alice@demo.example'), thief.asked.body.match_code);
    assert.equal((await thief.status()).body.state, 'recovery_pending');
  });

  await test('wallets and links: right, wrong, taken away, of nobody', async () => {
    const who = new SignIn(broker, alice);
    const account = privateKeyToAccount(generatePrivateKey());
    const started = (await who.walletStart(account.address)).body;
    const signature = await account.signMessage({ message: started.siwe_message });
    assert.ok((await who.walletVerify(started.request_id, `0x${'00'.repeat(65)}`)).status >= 400);
    const evm = { identity_type: 'evm', identity_value: account.address.toLowerCase(), request_id: started.request_id, signature };
    const linked = await who.link(token, evm);
    assert.equal(linked.status, 200, linked.text);
    assert.equal((await who.link(token, { identity_type: 'evm', identity_value: address })).status, 200);
    assert.ok((await who.link(token, { identity_type: 'email', identity_value: 'no', request_id: '00'.repeat(16) })).status >= 400);
    assert.equal((await who.links(token)).body.links.length, 3);
    assert.equal((await who.unlink(token, linked.body.omni_account)).status, 200);
    const other = new SignIn(broker, new Device());
    const opened = (await other.walletStart(account.address)).body;
    assert.equal((await other.walletVerify(opened.request_id, await account.signMessage({ message: opened.siwe_message }))).body.state, 'verified');
  });

  await test('a provider: its person, who that is, a link; declined, lies, silent, gone', async () => {
    const who = new SignIn(broker, alice);
    const asked = async (tell = {}, sub) => {
      liar.tell(tell);
      assert.equal((await who.oauth2('liar')).status, 200);
      return broker.comeBack(liar.approve(who.asked.body.authorization_url, sub));
    };
    const page = await asked({}, 'alice-1');
    await broker.form({ link: page.link, match_code: who.asked.body.match_code }, '/auth/oauth2');
    assert.equal((await who.identity()).body.identity_value, 'alice-1');
    assert.equal((await who.link(token, { identity_type: 'oauth2_liar', identity_value: 'alice-1', request_id: who.asked.body.request_id })).status, 200);
    await liar.newKey('second');
    assert.equal((await asked({}, 'alice-1')).link, null, 'keys are asked for once a minute');
    for (const lie of [{ sign: unsignedToken }, { token: () => ({ status: 200, text: 'no JSON' }) }, { token: () => undefined }]) {
      assert.equal((await asked(lie)).link, null);
      assert.equal((await who.status()).body.state, 'failed');
    }
    liar.letGo();
    assert.equal((await who.oauth2('gone')).error, 'upstream_error');
    assert.equal((await who.oauth2('nobody')).error, 'not_found');
    assert.equal((await broker.get('/auth/oauth2/callback/liar?state=x&code=y')).status, 404);
  });

  await test('heads, bodies and proofs that are none; pages, figures; a worker that is gone', async () => {
    for (const where of ['/auth/email', '/auth/wallet', '/assets/page.css', '/assets/email.js', '/assets/wallet.js', '/healthz', '/readyz', '/metrics', '/nowhere', '/v1/auth/email/request']) await broker.get(where);
    for (const body of ['{', '[]', '{"email":1}', `{"email":"${'a'.repeat(70000)}"}`, '{"email":"a","email":"b"}']) assert.ok((await broker.post('/v1/auth/email/request', body, { DPoP: 'a.b.c' })).status >= 400);
    const who = new SignIn(broker, alice);
    assert.ok((await who.email('alice@demo.example', { proof: 'a.b.c' })).status >= 400);
    await until('the notice', () => sink.mails.some((one) => /being recovered/.test(one.raw)), 20000);
    await worker.kill();
    assert.equal((await who.links(token)).error, 'upstream_error');
  });

  await test('an orderly end: nothing was left, nothing was wrong', async () => {
    await broker.kill('SIGTERM');
    const text = broker.logText();
    assert.deepEqual(broker.exited, { code: 0, signal: null }, text.slice(-6000));
    assert.doesNotMatch(text, /Sanitizer|runtime error/);
  });
});
