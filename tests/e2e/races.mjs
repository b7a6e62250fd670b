#!/usr/bin/env node
// Two at once: what may happen once happens once, and the ledger tells the same story (I5, I6, I10, I15).
import { assert, main, test } from './lib/check.mjs';
import { Device } from './lib/device.mjs';
import { checkChain, readAudit } from './lib/ledger.mjs';
import { Worker } from './lib/worker.mjs';

const count = (list, value) => list.filter((one) => one === value).length;

await main(async () => {
  const worker = await Worker.start();
  const owner = await worker.owner();
  const typesOf = async (type) => (await readAudit(owner)).entries.filter((entry) => entry.type === type);

  // Clients of the same caller, each with a proved connection and a fresh nonce.
  async function ready(client, number) {
    const all = [];
    for (let i = 0; i < number; i++) {
      const one = worker.again(client, i % 2 ? worker.socket : worker.url);
      await one.must(client.label ? 'agent' : 'account', client.label ? { label: client.label } : {});
      all.push(one);
    }
    return all;
  }

  await test('of eight approvals of one request one wins', async () => {
    const agent = worker.client(new Device(), { account: owner.account });
    const asked = await agent.must('pair-request', { label: 'once' });
    const { requests: [shown] } = await owner.must('pair-list', { code: asked.pairing_code });
    const request = { request_id: shown.request_id, kind: 'agent', label: 'once', device: shown.device, scope: ['cap:sign-message'] };
    const answers = await Promise.all((await ready(owner, 8)).map((one) => one.call('pair-approve', request)));
    const errors = answers.map((answer) => answer.error ?? 'ok');
    assert.equal(count(errors, 'ok'), 1, errors.join());
    assert.equal(count(errors, 'already_consumed'), 7, errors.join());
    assert.equal((await typesOf('PathActivated')).length, 1);
  });

  await test('of approve and refuse at once one wins', async () => {
    for (let i = 0; i < 5; i++) {
      const agent = worker.client(new Device());
      const asked = await agent.must('pair-request', { label: `either-${i}` });
      const { requests: [shown] } = await owner.must('pair-list', { code: asked.pairing_code });
      const [one, two] = await ready(owner, 2);
      const answers = await Promise.all([
        one.call('pair-approve', { request_id: shown.request_id, kind: 'agent', label: shown.label, device: shown.device, scope: [] }),
        two.call('pair-refuse', { request_id: shown.request_id })]);
      assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
      const approved = (await typesOf('PathActivated')).some((entry) => entry.map.get(17) === `either-${i}`);
      assert.equal(approved, answers[0].status === 200);
    }
  });

  await test('an approved request is delivered once', async () => {
    const device = new Device();
    const agent = worker.client(device);
    const asked = await agent.must('pair-request', { label: 'delivered' });
    const { requests: [shown] } = await owner.must('pair-list', { code: asked.pairing_code });
    await owner.must('pair-approve', { request_id: shown.request_id, kind: 'agent', label: shown.label, device: shown.device, scope: [] });
    const clients = Array.from({ length: 6 }, () => worker.client(device));
    for (const client of clients) await client.call('pair-status', { id: '0'.repeat(32) }); // for the nonce
    const answers = await Promise.all(clients.map((client) => client.call('pair-status', { id: asked.request_id })));
    assert.equal(answers.filter((answer) => answer.body.agent_token).length, 1);
    assert.equal(count(answers.map((answer) => answer.error), 'expired_request'), 5);
  });

  await test('of eight rotations from one generation one wins', async () => {
    await worker.agent(owner, 'turned');
    const clients = await ready(owner, 8);
    for (let generation = 0; generation < 5; generation++) {
      const answers = await Promise.all(clients.map((one) => one.call('agent-rotate', { label: 'turned', generation })));
      const errors = answers.map((answer) => answer.error ?? 'ok');
      assert.equal(count(errors, 'ok'), 1, errors.join());
      assert.equal(count(errors, 'generation_conflict'), 7, errors.join());
    }
    const turns = (await typesOf('PathRotated')).map((entry) => [entry.map.get(42), entry.map.get(43)]);
    assert.deepEqual(turns, [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]);
  });

  await test('rotations without a generation each turn once, one after the other', async () => {
    await worker.agent(owner, 'free');
    const answers = await Promise.all((await ready(owner, 6)).map((one) => one.must('agent-rotate', { label: 'free' })));
    assert.deepEqual(answers.map((answer) => answer.generation).sort(), [1, 2, 3, 4, 5, 6]);
    assert.equal(new Set(answers.map((answer) => answer.address)).size, 6);
  });

  await test('suspend against signing: nothing is signed after its entry', async () => {
    const agent = await worker.agent(owner, 'busy', { rate: 10000 });
    const signers = await ready(agent, 8);
    for (let round = 0; round < 5; round++) {
      let suspended = false;
      const late = [];
      const work = signers.map(async (one) => {
        for (let i = 0; i < 200; i++) {
          const begunAfter = suspended;
          const answer = await one.sign(`${round} ${i}`);
          if (answer.status === 200 && begunAfter) late.push(answer.body.entry.index);
          if (answer.status !== 200) return answer.body.denial?.rule;
        }
        return 'never refused';
      });
      await new Promise((resolve) => setTimeout(resolve, 5 * round));
      await owner.must('agent-suspend', { label: 'busy' });
      suspended = true;
      assert.deepEqual(new Set(await Promise.all(work)), new Set(['active']));
      assert.deepEqual(late, []);
      await owner.must('agent-resume', { label: 'busy' });
    }
    let open = true;
    for (const entry of (await readAudit(owner)).entries.filter((one) => one.map.get(17) === 'busy')) {
      if (entry.type === 'PathSuspended') open = false;
      if (entry.type === 'PathResumed') open = true;
      assert.ok(open || entry.type !== 'MessageSigned', `entry ${entry.index} was signed while suspended`);
    }
  });

  await test('account suspend against everything: only one of six suspends, agents stop', async () => {
    const agent = await worker.agent(owner, 'last');
    const answers = await Promise.all((await ready(owner, 6)).map((one) => one.call('account-suspend')));
    const errors = answers.map((answer) => answer.error ?? 'ok');
    assert.equal(count(errors, 'ok'), 1, errors.join());
    assert.equal(count(errors, 'already_done'), 5, errors.join());
    const refused = await agent.sign('after');
    assert.equal(refused.body.denial?.rule, 'active');
    assert.equal((await typesOf('AccountSuspended')).length, 1);
  });

  await test('the same idempotency key at once does the change once', async () => {
    const fresh = await worker.owner('email:bob@demo.example');
    await worker.agent(fresh, 'keyed');
    const clients = await ready(fresh, 6);
    const answers = await Promise.all(clients.map((one) =>
      one.call('agent-rotate', { label: 'keyed', generation: 0 }, { headers: { 'Idempotency-Key': 'rotate-once' } })));
    assert.deepEqual(answers.map((answer) => answer.status), Array(6).fill(200), answers.map((a) => a.text).join());
    assert.equal(new Set(answers.map((answer) => answer.body.entry.index)).size, 1);
    const other = await fresh.call('agent-suspend', { label: 'keyed' }, { headers: { 'Idempotency-Key': 'rotate-once' } });
    assert.equal(other.status === 200 || other.error === 'idempotency_mismatch', true, other.text);
    const turns = (await readAudit(fresh)).entries.filter((entry) => entry.type === 'PathRotated');
    assert.equal(turns.length, 1);
  });

  await test('the ledger of all this is whole', async () => {
    checkChain((await readAudit(owner)).entries);
  });
});
