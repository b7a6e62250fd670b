#!/usr/bin/env node
// TLS by the worker's own key: 1.3 only, the same key over restarts, the whole contract over it, no plain text beside it.
import tls from 'node:tls';
import { verifyMessage } from 'viem';
import { assert, main, test } from './lib/check.mjs';
import { sha256 } from './lib/bytes.mjs';
import { Connection } from './lib/http.mjs';
import { Worker } from './lib/worker.mjs';

// A handshake by itself: protocol, key, or the error.
function handshake(port, options = {}) {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, timeout: 5000, ...options }, () => {
      const certificate = socket.getPeerX509Certificate();
      resolve({ protocol: socket.getProtocol(), cipher: socket.getCipher().name, key: sha256(certificate.publicKey.export({ type: 'spki', format: 'der' })), group: socket.getEphemeralKeyInfo().name });
      socket.destroy();
    });
    socket.on('error', (error) => resolve({ error: error.code ?? error.message }));
    socket.on('timeout', () => {
      socket.destroy();
      resolve({ error: 'timeout' });
    });
  });
}

await main(async () => {
  const worker = await Worker.start({ args: ['--tls', 'on'] });
  let key;

  await test('TLS 1.3 and nothing older', async () => {
    assert.match(worker.url, /^https:/);
    const shaken = await handshake(worker.port);
    assert.equal(shaken.protocol, 'TLSv1.3', shaken.error);
    key = shaken.key;
    for (const maxVersion of ['TLSv1.2', 'TLSv1.1', 'TLSv1'])
      assert.ok((await handshake(worker.port, { minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' })).error, maxVersion);
  });

  await test('the contract over TLS: pair, sign, suspend', async () => {
    const owner = await worker.owner();
    const agent = await worker.agent(owner, 'agent-1');
    const { body } = await agent.sign('over TLS');
    assert.ok(await verifyMessage({ address: agent.address, message: 'over TLS', signature: body.signature }));
    assert.equal((await agent.once('sign-message', { omni_account: owner.account, message_hex: '00' }, { proof: '' })).status, 200); // proved for the connection
    const plain = { facts: { url: `http://127.0.0.1:${worker.port}/tee/sign-message` }, fresh: true };
    assert.equal((await agent.call('sign-message', { omni_account: owner.account, message_hex: '00' }, plain)).error, 'bad_signature');
    await owner.must('agent-suspend', { label: 'agent-1' });
    assert.equal((await agent.sign('late')).body.denial.rule, 'active');
  });

  await test('plain text on the TLS port gets no answer', async () => {
    const plain = new Connection(`http://127.0.0.1:${worker.port}`, 5000);
    await assert.rejects(plain.request('GET', '/healthz'));
    plain.close();
    assert.equal(await worker.health(), 'ready');
  });

  await test('a hundred handshakes at once do not stop the worker', async () => {
    const children = worker.children();
    const all = await Promise.all(Array.from({ length: 100 }, () => handshake(worker.port)));
    assert.ok(all.filter((one) => one.protocol === 'TLSv1.3').length > 20);
    assert.deepEqual(worker.children(), children);
  });

  await test('the key is the same after a restart, another for another worker', async () => {
    await worker.kill();
    await worker.start();
    assert.deepEqual((await handshake(worker.port)).key, key);
    const other = await Worker.start({ args: ['--tls', 'on'] });
    assert.notDeepEqual((await handshake(other.port)).key, key);
    await other.stop();
  });

  await test('off the loopback there is no plain text', async () => {
    const open = new Worker({ args: ['--tls', 'off'] });
    open.init();
    open.args.push('--listen', '0.0.0.0:0');
    const failed = await open.bootFail();
    assert.equal(failed.code, 1);
    assert.match(failed.line, /^BOOT_FAIL (plain_off_loopback|duplicate[a-z_]*): /);
  });
});
